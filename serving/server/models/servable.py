"""One loaded version of a model."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from serving.server.errors import invalid_argument
from serving.server.models.graph_session import GraphSession, Parallelism, SignatureDef
from serving.server.models.model_card import max_k_of
from serving.server.models.signature_cost import SignatureCost
from serving.server.requests.call import OnGone
from serving.server.requests.tensors import dtype_number, number_name


class Servable:
    """A SavedModel that is loaded.

    It may be called from many threads. It is closed when it has been retired and the last call in flight has ended.

    Args:
        name: Name of the model.
        version: Its version.
        folder: The SavedModel.
        parallelism: Threads of TensorFlow.

    Raises:
        StatusError: The folder does not hold a SavedModel that can be loaded.
    """

    def __init__(self, name: str, version: int, folder: Path, *, parallelism: Parallelism | None = None) -> None:
        self.name = name
        self.version = version
        self.folder = folder
        self._lock = threading.Lock()
        self._in_flight = 0
        self._retired = False
        self._closed: Callable[[], None] | None = None
        self._graph = GraphSession(folder, parallelism)
        self.signatures = self._graph.signatures
        self.max_k = max_k_of(folder)
        # By signature; those that have not been measured are not there.
        self.costs: dict[str, SignatureCost] = {}

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout_seconds: float | None = None,
        on_gone: OnGone | None = None,
    ) -> dict[str, np.ndarray]:
        """Computes outputs of a signature.

        Args:
            signature_name: One of `signatures`.
            inputs: A value for every input of it, of its dtype and shape.
            outputs: Names of outputs to compute; nothing else is computed.
            timeout_seconds: Time after which the computation is given up; None for no limit.
            on_gone: Where requests wait before they are computed, tells that nobody waits for this one any more.

        Raises:
            StatusError: What TensorFlow refused the request with.
        """
        return self._computed(signature_name, inputs, outputs, timeout_seconds)

    def _computed(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout_seconds: float | None,
        *,
        in_one_thread: bool = False,
    ) -> dict[str, np.ndarray]:
        signature = self.signatures[signature_name]
        feeds = {signature.inputs[name].name: value for name, value in inputs.items()}
        fetches = [signature.outputs[name].name for name in outputs]
        values = self._graph.run(feeds, fetches, timeout_seconds, in_one_thread=in_one_thread)
        return dict(zip(outputs, values, strict=True))

    @contextlib.contextmanager
    def measuring(self) -> Iterator[list[int]]:
        """Gives a list that gets the most bytes which each computation holds at once, until the block ends."""
        peaks: list[int] = []
        self._graph.note_peak = peaks.append
        try:
            yield peaks
        finally:
            self._graph.note_peak = None

    def acquire(self) -> bool:
        """Begins a call; returns False if this version has been retired, and then there must be none."""
        with self._lock:
            if self._retired:
                return False
            self._in_flight += 1
            return True

    def release(self) -> None:
        """Ends a call that `acquire` began."""
        with self._lock:
            self._in_flight -= 1
            last = self._retired and self._in_flight == 0
        if last:
            self._close()

    def retire(self, closed: Callable[[], None]) -> None:
        """Takes no more calls, and closes once those in flight have ended; then calls `closed`."""
        with self._lock:
            self._retired = True
            self._closed = closed
            idle = self._in_flight == 0
        if idle:
            self._close()

    def _close(self) -> None:
        self._graph.close()
        if self._closed is not None:
            self._closed()


def check_dtypes(signature: SignatureDef, inputs: Mapping[str, np.ndarray]) -> None:
    """Checks inputs against a signature that has the same names.

    Shapes are left to the graph, as TF Serving does: it may take more than the signature says.

    Raises:
        StatusError: INVALID_ARGUMENT for a dtype that the signature does not have.
    """
    for position, name in enumerate(sorted(signature.inputs)):
        expected, given = signature.inputs[name].dtype, dtype_number(inputs[name].dtype)
        if given != expected:
            names = number_name(expected), number_name(given)
            raise invalid_argument(f"Expects arg[{position}] to be {names[0]} but {names[1]} is provided")
