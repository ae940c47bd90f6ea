"""The innermost part of TensorFlow's session; no other module of the server uses private names of TensorFlow."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import pywrap_tf_session

_LONGEST_TIMEOUT_MS = 2**31 - 1


def complete(session: tf.compat.v1.Session) -> None:
    """Tells a session of the whole graph, which must not change any more; needed once before `compute`."""
    session._extend_graph()


def compute(
    session: tf.compat.v1.Session,
    feeds: Mapping[str, np.ndarray],
    fetches: Sequence[str],
    timeout_seconds: float | None,
    note_peak: Callable[[int], object] | None = None,
) -> list[np.ndarray | bytes]:
    """Computes tensors from the values of others, all of them by their names in the graph.

    A value need not have the shape that the graph states for it. The public `Session.run` refuses that, and adds words
    of its own to what TensorFlow says.

    Args:
        session: A session that knows its whole graph.
        feeds: Values by the names of tensors.
        fetches: Names of tensors.
        timeout_seconds: Time after which the computation is given up; None for no limit.
        note_peak: Is told the most bytes of memory that the computation held at once; that takes longer, so None does
            not look.

    Raises:
        tf.errors.OpError: TensorFlow refused the values, or the time was over.
        UnicodeDecodeError: It refused one, and quotes it in a message that is not UTF-8.
    """
    outputs = {name: session.graph.get_tensor_by_name(name)._as_tf_output() for name in (*feeds, *fetches)}
    fed = {outputs[name]: value for name, value in feeds.items()}
    options = _run_options(timeout_seconds, traced=note_peak is not None)
    trace = None if note_peak is None else pywrap_tf_session.TF_NewBuffer()
    try:
        values: list[np.ndarray | bytes] = session._call_tf_sessionrun(
            options, fed, [outputs[name] for name in fetches], [], trace
        )
        if note_peak is not None:
            note_peak(_peak_bytes(tf.compat.v1.RunMetadata.FromString(pywrap_tf_session.TF_GetBuffer(trace))))
        return values
    finally:
        for buffer in filter(None, (options, trace)):
            pywrap_tf_session.TF_DeleteBuffer(buffer)


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


def _run_options(timeout_seconds: float | None, traced: bool) -> object | None:
    if timeout_seconds is None and not traced:
        return None
    options = tf.compat.v1.RunOptions()
    if timeout_seconds is not None:
        options.timeout_in_ms = max(1, min(int(timeout_seconds * 1000), _LONGEST_TIMEOUT_MS))
    if traced:
        options.trace_level = tf.compat.v1.RunOptions.SOFTWARE_TRACE
    return pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
