"""The innermost part of TensorFlow's session; no other module of the server uses private names of TensorFlow."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import pywrap_tf_session

_LONGEST_TIMEOUT_MS = 2**31 - 1
# What RunOptions call the thread that asks.
_THIS_THREAD = -1


class Computing:
    """Computes tensors of a session from the values of others; may be called from many threads.

    A value need not have the shape that the graph states for it. The public `Session.run` refuses that, adds words of
    its own to what TensorFlow says, and looks names up each time.

    Args:
        session: A session whose graph does not change any more.
    """

    def __init__(self, session: tf.compat.v1.Session) -> None:
        session._extend_graph()
        self._session = session
        # By name; there are no more than signatures have.
        self._tensors: dict[str, Any] = {}

    def __call__(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        timeout_seconds: float | None,
        *,
        note_peak: Callable[[int], object] | None = None,
        in_one_thread: bool = False,
    ) -> list[np.ndarray | bytes]:
        """Computes tensors, all of them by their names in the graph.

        Args:
            feeds: Values by the names of tensors.
            fetches: Names of tensors.
            timeout_seconds: Time after which the computation is given up; None for no limit.
            note_peak: Is told the most bytes of memory that the computation held at once; that takes longer, so None
                does not look.
            in_one_thread: Whether the thread that calls computes all operations, one after the other.

        Raises:
            tf.errors.OpError: TensorFlow refused the values, or the time was over.
            UnicodeDecodeError: It refused one, and quotes it in a message that is not UTF-8.
        """
        fed = {self._tensor(name): value for name, value in feeds.items()}
        fetched = [self._tensor(name) for name in fetches]
        options = _run_options(timeout_seconds, traced=note_peak is not None, in_one_thread=in_one_thread)
        trace = None if note_peak is None else pywrap_tf_session.TF_NewBuffer()
        try:
            values: list[np.ndarray | bytes] = self._session._call_tf_sessionrun(options, fed, fetched, [], trace)
            if note_peak is not None:
                note_peak(_peak_bytes(tf.compat.v1.RunMetadata.FromString(pywrap_tf_session.TF_GetBuffer(trace))))
            return values
        finally:
            for buffer in filter(None, (options, trace)):
                pywrap_tf_session.TF_DeleteBuffer(buffer)

    def _tensor(self, name: str) -> Any:
        found = self._tensors.get(name)
        if found is None:
            found = self._tensors[name] = self._session.graph.get_tensor_by_name(name)._as_tf_output()
        return found


def _peak_bytes(trace: config_pb2.RunMetadata) -> int:
    """Returns the most that was held at once: each operation says when it took memory, and gave some back."""
    changes = sorted(
        (record.alloc_micros, record.alloc_bytes)
        for device in trace.step_stats.dev_stats
        for node in device.node_stats
        for memory in node.memory
        for record in memory.allocation_records
    )
    return max(itertools.accumulate((size for _, size in changes), initial=0))


def _run_options(timeout_seconds: float | None, *, traced: bool, in_one_thread: bool) -> object | None:
    if timeout_seconds is None and not traced and not in_one_thread:
        return None
    options = config_pb2.RunOptions()
    if timeout_seconds is not None:
        options.timeout_in_ms = max(1, min(int(timeout_seconds * 1000), _LONGEST_TIMEOUT_MS))
    if traced:
        options.trace_level = config_pb2.RunOptions.SOFTWARE_TRACE
    if in_one_thread:
        options.inter_op_thread_pool = _THIS_THREAD
    return pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
