"""The client's values as messages of TF Serving's protocol, and back."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from serving.client.call import Shapes
from serving.signature_names import SIGNATURE_DEF_FIELD


def predict_request(
    model: str, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
) -> predict_pb2.PredictRequest:
    """Returns a request for some outputs of a signature; none means all."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    request.output_filter.extend(outputs)
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def output_arrays(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
    """Returns the outputs of an answer; strings as object arrays of bytes."""
    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def metadata_request(model: str) -> get_model_metadata_pb2.GetModelMetadataRequest:
    """Returns a request for the signatures of a model."""
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = model
    request.metadata_field.append(SIGNATURE_DEF_FIELD)
    return request


def signature_shapes(response: get_model_metadata_pb2.GetModelMetadataResponse) -> dict[str, Shapes]:
    """Returns the shape of each input of each signature, -1 for any size."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF_FIELD].Unpack(signatures)
    return {
        name: {
            key: tuple(dimension.size for dimension in info.tensor_shape.dim) for key, info in definition.inputs.items()
        }
        for name, definition in signatures.signature_def.items()
    }
