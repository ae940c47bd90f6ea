"""One loaded version of a model."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import from_tensorflow, invalid_argument

_LONGEST_TIMEOUT_MS = 2**31

SignatureDef: TypeAlias = meta_graph_pb2.SignatureDef

# Takes what is to be called once the client has gone away; returns False if it has gone already.
OnGone: TypeAlias = Callable[[Callable[[], object]], bool]


class Servable:
    """A SavedModel in a TensorFlow session, which is how TF Serving runs it too.

    It may be called from many threads. It is closed when it has been retired and the last call in flight has ended.

    Args:
        name: Name of the model.
        version: Its version.
        folder: The SavedModel.

    Raises:
        StatusError: The folder does not hold a SavedModel that can be loaded.
    """

    def __init__(self, name: str, version: int, folder: Path) -> None:
        self.name = name
        self.version = version
        self.folder = folder
        self._lock = threading.Lock()
        self._in_flight = 0
        self._retired = False
        self._closed: Callable[[], None] | None = None
        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
        config.gpu_options.allow_growth = True
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, [tf.saved_model.SERVING], str(folder))
        except tf.errors.OpError as error:
            self._session.close()
            raise from_tensorflow(error) from error
        except Exception as error:
            # A damaged file can fail anywhere in the loader; whatever it is, this version is refused.
            self._session.close()
            raise invalid_argument(f"{folder} does not hold a loadable SavedModel: {error}") from error
        graph.finalize()
        self.signatures: dict[str, SignatureDef] = dict(meta_graph.signature_def)

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
        signature = self.signatures[signature_name]
        fetches = {name: signature.outputs[name].name for name in outputs}
        feeds = {signature.inputs[name].name: value for name, value in inputs.items()}
        options = None
        if timeout_seconds is not None:
            options = tf.compat.v1.RunOptions(
                timeout_in_ms=max(1, min(int(timeout_seconds * 1000), _LONGEST_TIMEOUT_MS))
            )
        try:
            values = self._session.run(fetches, feeds, options=options)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes a value in its message and cannot pass it on where that is not UTF-8: the code is lost.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error
        return {name: np.asarray(value) for name, value in values.items()}

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
        self._session.close()
        if self._closed is not None:
            self._closed()


def check_inputs(signature: SignatureDef, inputs: Mapping[str, np.ndarray]) -> None:
    """Checks inputs against a signature that has the same names.

    Raises:
        StatusError: INVALID_ARGUMENT for a dtype or a shape that the signature does not have.
    """
    for position, name in enumerate(sorted(signature.inputs)):
        expected = signature.inputs[name]
        value = inputs[name]
        expected_dtype = tf.dtypes.as_dtype(expected.dtype)
        dtype = tf.string if value.dtype == object else tf.dtypes.as_dtype(value.dtype)
        if dtype != expected_dtype:
            raise invalid_argument(f"Expects arg[{position}] to be {expected_dtype.name} but {dtype.name} is provided")
        if expected.tensor_shape.unknown_rank:
            continue
        sizes = [dimension.size for dimension in expected.tensor_shape.dim]
        fits = len(sizes) == value.ndim and all(
            size in (-1, actual) for size, actual in zip(sizes, value.shape, strict=True)
        )
        if not fits:
            raise invalid_argument(f"Expects {name} to have shape {sizes} but {list(value.shape)} is provided")
