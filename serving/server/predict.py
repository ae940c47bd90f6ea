"""Predict, whatever the protocol that a request came by."""

from collections.abc import Iterable

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.servable import OnGone, Servable, SignatureDef, check_inputs
from serving.server.tensors import array_from_proto, proto_from_array


def predict(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    timeout_seconds: float | None = None,
    on_gone: OnGone | None = None,
) -> predict_pb2.PredictResponse:
    """Answers a PredictRequest with the version that its model spec chose.

    Args:
        servable: The version.
        request: Inputs, the signature's name ("" is `serving_default`), and outputs to compute (none means all).
        timeout_seconds: Time that the client still waits; None for no limit.
        on_gone: Tells when the client has gone away; None if that cannot be known.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    signature_name = request.model_spec.signature_name or tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    signature = servable.signatures.get(signature_name)
    if signature is None:
        raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature_name}" not found.')
    inputs = _inputs(signature, request)
    outputs = _outputs(signature, request.output_filter)
    check_inputs(signature, inputs)
    values = servable.run(signature_name, inputs, outputs, timeout_seconds, on_gone)
    response = predict_pb2.PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = signature_name
    response.model_spec.version.value = servable.version
    for name, value in values.items():
        response.outputs[name].CopyFrom(proto_from_array(value))
    return response


def _inputs(signature: SignatureDef, request: predict_pb2.PredictRequest) -> dict[str, np.ndarray]:
    defaults = dict(getattr(signature, "defaults", {}))
    given, expected = set(request.inputs), set(signature.inputs)
    missing = expected - given - set(defaults)
    extra = given - expected
    if missing or (extra and len(given) > len(expected)):
        raise invalid_argument(
            f"input size does not match signature: {len(given)}!={len(expected)} len({_names(given)}) != "
            f"len({_names(expected)}). Sent extra: {_names(extra)}. Missing but required: {_names(expected - given)}."
        )
    if extra:
        raise invalid_argument(
            f"input tensor alias not found in signature: {min(extra)}. "
            f"Inputs expected to be in the set {_names(expected)}."
        )
    protos = {name: request.inputs[name] if name in given else defaults[name] for name in expected}
    return {name: array_from_proto(name, proto) for name, proto in protos.items()}


def _outputs(signature: SignatureDef, output_filter: Iterable[str]) -> list[str]:
    chosen: list[str] = []
    for name in output_filter:
        if name not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {_names(signature.outputs)}."
            )
        if name in chosen:
            raise invalid_argument(f"duplicate output tensor alias: {name}")
        chosen.append(name)
    return chosen or list(signature.outputs)


def _names(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
