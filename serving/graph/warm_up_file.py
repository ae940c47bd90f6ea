"""Writes the requests that TF Serving runs when it loads a version."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

# Where TF Serving looks for it in a version's folder.
EXTRA_ASSETS_FOLDER = "assets.extra"
WARM_UP_FILE = f"{EXTRA_ASSETS_FOLDER}/tf_serving_warmup_requests"


def write_warm_up_file(folder: str, model: str, requests: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests`: a TFRecord of one PredictionLog a signature.

    Args:
        folder: The SavedModel.
        model: Name that it is served under.
        requests: Inputs of each signature; strings as object arrays of bytes.
    """
    tf.io.gfile.makedirs(tf.io.gfile.join(folder, EXTRA_ASSETS_FOLDER))
    with tf.io.TFRecordWriter(tf.io.gfile.join(folder, WARM_UP_FILE)) as writer:
        for signature, inputs in requests.items():
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = model
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())
