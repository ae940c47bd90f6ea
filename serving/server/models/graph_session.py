"""A SavedModel's graph in a TensorFlow session, which is how TF Serving runs it too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, rewriter_config_pb2

from serving.server.errors import from_tensorflow, invalid_argument
from serving.server.models import tensorflow_session

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
        self._computing = tensorflow_session.Computing(self._session)
        self.signatures: dict[str, SignatureDef] = dict(meta_graph.signature_def)
        # Is told what each computation held at once, while that is measured.
        self.note_peak: Callable[[int], object] | None = None

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        timeout_seconds: float | None,
        *,
        in_one_thread: bool = False,
    ) -> list[np.ndarray]:
        """Computes tensors from the values of others, all of them by their names in the graph.

        A value need not have the shape that the graph states for it, as in TF Serving: its own half_plus_two
        takes vectors where a matrix is stated.

        Args:
            feeds: Values by the names of tensors.
            fetches: Names of tensors.
            timeout_seconds: Time after which the computation is given up; None for no limit.
            in_one_thread: Whether all is computed by the thread that calls: where others keep the cores busy, handing
                operations to other threads only takes time.

        Raises:
            StatusError: What TensorFlow refused the values with, or DEADLINE_EXCEEDED.
        """
        try:
            values = self._computing(
                feeds, fetches, timeout_seconds, note_peak=self.note_peak, in_one_thread=in_one_thread
            )
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes a value in its message and cannot pass it on where that is not UTF-8: the code is lost.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error
        # A string without dimensions comes as plain bytes.
        return [np.asarray(value, object if isinstance(value, bytes) else None) for value in values]

    def close(self) -> None:
        """Gives back what the session holds."""
        self._session.close()
