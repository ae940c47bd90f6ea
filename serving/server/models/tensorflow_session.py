"""The innermost part of TensorFlow's session; no other module of the server uses private names of TensorFlow."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
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
) -> list[np.ndarray | bytes]:
    """Computes tensors from the values of others, all of them by their names in the graph.

    A value need not have the shape that the graph states for it. The public `Session.run` refuses that, and adds words
    of its own to what TensorFlow says.

    Args:
        session: A session that knows its whole graph.
        feeds: Values by the names of tensors.
        fetches: Names of tensors.
        timeout_seconds: Time after which the computation is given up; None for no limit.

    Raises:
        tf.errors.OpError: TensorFlow refused the values, or the time was over.
        UnicodeDecodeError: It refused one, and quotes it in a message that is not UTF-8.
    """
    outputs = {name: session.graph.get_tensor_by_name(name)._as_tf_output() for name in (*feeds, *fetches)}
    fed = {outputs[name]: value for name, value in feeds.items()}
    options = _run_options(timeout_seconds)
    try:
        values: list[np.ndarray | bytes] = session._call_tf_sessionrun(
            options, fed, [outputs[name] for name in fetches], [], None
        )
        return values
    finally:
        if options is not None:
            pywrap_tf_session.TF_DeleteBuffer(options)


def _run_options(timeout_seconds: float | None) -> object | None:
    if timeout_seconds is None:
        return None
    milliseconds = max(1, min(int(timeout_seconds * 1000), _LONGEST_TIMEOUT_MS))
    options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
    return pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
