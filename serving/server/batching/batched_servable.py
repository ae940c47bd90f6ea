"""A model version whose requests are computed together."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import grpc
import numpy as np
from typing_extensions import override

from serving.server.batching.awaited_rows import AwaitedRows
from serving.server.batching.batch_scheduler import BatchScheduler
from serving.server.batching.batch_tensors import merge_inputs, own_width, row_count, split_outputs
from serving.server.batching.queued_request import QueuedRequest, Tensors
from serving.server.errors import StatusError
from serving.server.models.graph_session import Parallelism
from serving.server.models.servable import Servable
from serving.server.requests.call import OnGone


class BatchedServable(Servable):
    """Concatenates concurrent requests for the same signature and outputs, as TF Serving does with batching enabled.

    Two things differ from TF Serving. A request whose deadline has passed, or whose client has gone away, is left out
    of its batch; TF Serving computes it unless all of the batch are too late. And an error of the model reaches only
    the requests that cause it: the others are computed again without them.

    `batch_timeout_micros` is the longest wait. The rows that were on their way when the last batch was computed are
    divided between the threads, and with as many a batch does not wait for more: so clients that ask again as soon as
    they are answered keep all threads busy with batches of one size, and one client alone is answered as soon as
    without batching.

    An output that is as wide as the largest `k` of a batch is cut to each request's own, so that nobody gets a wider
    answer than alone.

    Args:
        name: Name of the model.
        version: Its version.
        folder: The SavedModel.
        scheduler: Shared with other models; started and stopped by whoever made it.
        parallelism: Threads of TensorFlow.

    Raises:
        StatusError: The folder does not hold a SavedModel that can be loaded.
    """

    def __init__(
        self,
        name: str,
        version: int,
        folder: Path,
        scheduler: BatchScheduler,
        *,
        parallelism: Parallelism | None = None,
    ) -> None:
        super().__init__(name, version, folder, parallelism=parallelism)
        self._scheduler = scheduler
        # By signature and outputs.
        self._awaited: dict[tuple[str, tuple[str, ...]], AwaitedRows] = {}

    @override
    def run(
        self,
        signature_name: str,
        inputs: Tensors,
        outputs: Sequence[str],
        timeout_seconds: float | None = None,
        on_gone: OnGone | None = None,
    ) -> dict[str, np.ndarray]:
        parameters = self._scheduler.parameters
        request = QueuedRequest(inputs, row_count(inputs, parameters.max_batch_size), timeout_seconds)
        wanted = (signature_name, tuple(sorted(outputs)))
        key = (self, *wanted)
        awaited = self._awaited.setdefault(wanted, AwaitedRows(parameters.num_batch_threads))
        if on_gone is not None and not on_gone(request.give_up):
            request.give_up()
        with awaited.counted(request.rows):
            if request.is_wanted():
                self._scheduler.add(key, request, functools.partial(self._compute, *wanted), awaited.enough())
            values = request.wait(withdraw=lambda: self._scheduler.remove(key, request))
        return {name: values[name] for name in outputs}

    def _as_wide_as_k(self, signature_name: str) -> list[str]:
        """Returns the outputs whose second dimension the signature leaves open."""
        outputs = self.signatures[signature_name].outputs
        return [
            name
            for name, info in outputs.items()
            if len(info.tensor_shape.dim) > 1 and info.tensor_shape.dim[1].size < 0
        ]

    def _compute(self, signature_name: str, outputs: tuple[str, ...], requests: Sequence[QueuedRequest]) -> None:
        wanted = [request for request in requests if request.begin()]
        if wanted:
            self._compute_begun(signature_name, outputs, wanted)

    def _compute_begun(self, signature_name: str, outputs: tuple[str, ...], requests: Sequence[QueuedRequest]) -> None:
        parameters = self._scheduler.parameters
        rows = [request.rows for request in requests]
        padded_rows = parameters.padded_size(sum(rows)) if sum(rows) else 0
        try:
            inputs = merge_inputs(
                [request.inputs for request in requests], padded_rows, parameters.pad_variable_length_inputs
            )
            try:
                values = self._computed(
                    signature_name, inputs, outputs, _longest_timeout(requests), in_one_thread=len(requests) > 1
                )
            except StatusError as error:
                if len(requests) == 1 or error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise
                # One of them is at fault: halving finds it in few computations.
                middle = len(requests) // 2
                self._compute_begun(signature_name, outputs, requests[:middle])
                self._compute_begun(signature_name, outputs, requests[middle:])
                return
            parts = list(split_outputs(values, rows, padded_rows))
            if len(requests) > 1 and self.max_k is not None and "k" in inputs:
                as_wide_as_asked = self._as_wide_as_k(signature_name)
                parts = [
                    own_width(part, request.inputs["k"], as_wide_as_asked)
                    for part, request in zip(parts, requests, strict=True)
                ]
        except Exception as error:
            # Whatever it is, somebody waits for each of them.
            for request in requests:
                request.fail(error)
            return
        self._awaited[signature_name, outputs].note_batch()
        for request, part in zip(requests, parts, strict=True):
            request.finish(part)


def _longest_timeout(requests: Sequence[QueuedRequest]) -> float | None:
    longest = max(request.remaining_seconds for request in requests)
    return None if math.isinf(longest) else longest
