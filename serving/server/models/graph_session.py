"""A SavedModel's graph in a TensorFlow session, which is how TF Serving runs it too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, rewriter_config_pb2
from tensorflow.python.client import pywrap_tf_session

from serving.server.errors import from_tensorflow, invalid_argument

_LONGEST_TIMEOUT_MS = 2**31 - 1

SignatureDef: TypeAlias = meta_graph_pb2.SignatureDef


@dataclass(frozen=True, kw_only=True)
class Parallelism:
    """Threads of TensorFlow, shared by all models; 0 has it choose.

    Args:
        intra_op: Threads that compute one operation.
        inter_op: Operations that are computed at once.
    """

    intra_op: int = 0
    inter_op: int = 0


class GraphSession:
    """Runs parts of a graph; may be called from many threads.

    Args:
        folder: The SavedModel.
        parallelism: Threads of TensorFlow. The first session of the process decides for all.

    Raises:
        StatusError: The folder does not hold a SavedModel that can be loaded.
    """

    def __init__(self, folder: Path, parallelism: Parallelism | None = None) -> None:
        parallelism = parallelism or Parallelism()
        self._graph = tf.Graph()
        config = tf.compat.v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=parallelism.intra_op,
            inter_op_parallelism_threads=parallelism.inter_op,
        )
        config.gpu_options.allow_growth = True
        # A second round over the graph changes next to nothing of it, and a version would be ready a third later.
        config.graph_options.rewrite_options.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        try:
            with self._graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, [tf.saved_model.SERVING], str(folder))
        except tf.errors.OpError as error:
            self._session.close()
            raise from_tensorflow(error) from error
        except Exception as error:
            # A damaged file can fail anywhere in the loader; whatever it is, this version is refused.
            self._session.close()
            raise invalid_argument(f"{folder} does not hold a loadable SavedModel: {error}") from error
        self._graph.finalize()
        self._session._extend_graph()
        self.signatures: dict[str, SignatureDef] = dict(meta_graph.signature_def)

    def run(
        self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_seconds: float | None
    ) -> list[np.ndarray]:
        """Computes tensors from the values of others, all of them by their names in the graph.

        A value need not have the shape that the graph states for it, as in TF Serving: its own half_plus_two
        takes vectors where a matrix is stated. The public `Session.run` refuses that, and adds words of its own to what
        TensorFlow says, so its innermost part is called.

        Raises:
            StatusError: What TensorFlow refused the values with, or DEADLINE_EXCEEDED.
        """
        fed = {self._tensor(name): value for name, value in feeds.items()}
        options = _run_options(timeout_seconds)
        try:
            values = self._session._call_tf_sessionrun(options, fed, list(map(self._tensor, fetches)), [], None)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes a value in its message and cannot pass it on where that is not UTF-8: the code is lost.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error
        finally:
            if options is not None:
                pywrap_tf_session.TF_DeleteBuffer(options)
        # A string without dimensions comes as plain bytes.
        return [np.asarray(value, object if isinstance(value, bytes) else None) for value in values]

    def _tensor(self, name: str) -> object:
        return self._graph.get_tensor_by_name(name)._as_tf_output()

    def close(self) -> None:
        """Gives back what the session holds."""
        self._session.close()


def _run_options(timeout_seconds: float | None) -> object | None:
    if timeout_seconds is None:
        return None
    milliseconds = max(1, min(int(timeout_seconds * 1000), _LONGEST_TIMEOUT_MS))
    options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
    return pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
