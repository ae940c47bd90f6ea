"""Predict, whatever the protocol that a request came by."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import grpc
import numpy as np
from tensorflow_serving.apis import model_pb2, predict_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.graph_session import SignatureDef
from serving.server.models.servable import Servable, check_dtypes
from serving.server.requests.call import NO_CALL, Call
from serving.server.requests.limits import Limits, check_k
from serving.server.requests.tensors import answer_bytes, array_from_proto, write_tensor
from serving.signature_names import SERVING_DEFAULT

Arrays: TypeAlias = Mapping[str, np.ndarray]

_NAMES_IN_MESSAGE = 1000


def predict(
    servable: Servable, request: predict_pb2.PredictRequest, call: Call = NO_CALL, limits: Limits | None = None
) -> predict_pb2.PredictResponse:
    """Answers a PredictRequest with the version that its model spec chose.

    Args:
        servable: The version.
        request: Inputs, the signature's name ("" is `serving_default`), and outputs to compute (none means all).
        call: Whoever waits for the answer.
        limits: Largest inputs; None for no limits.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    values = compute(
        servable,
        request.model_spec.signature_name,
        lambda signature: _inputs(signature, request, limits),
        request.output_filter,
        call,
        limits,
    )
    response = predict_pb2.PredictResponse(model_spec=answered_by(servable, request.model_spec))
    for name, value in values.items():
        write_tensor(response.outputs[name], value)
    return response


def compute(
    servable: Servable,
    signature_name: str,
    inputs_for: Callable[[SignatureDef], Arrays],
    output_filter: Iterable[str] = (),
    call: Call = NO_CALL,
    limits: Limits | None = None,
) -> Arrays:
    """Computes outputs of a signature: the one way from a request of any protocol to the model.

    Args:
        servable: The version.
        signature_name: The signature; "" is `serving_default`.
        inputs_for: Reads a value for every input of the signature from the request.
        output_filter: Outputs to compute; none means all.
        call: Whoever waits for the answer.
        limits: Largest inputs; None for no limits.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    signature_name = signature_name or SERVING_DEFAULT
    signature = servable.signatures.get(signature_name)
    if signature is None:
        raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature_name}" not found.')
    inputs = inputs_for(signature)
    outputs = _outputs(signature, output_filter)
    check_dtypes(signature, inputs)
    if limits is not None:
        _check_cost(servable, signature_name, inputs, outputs, call, limits)
    # Reading a large request takes time too.
    call.check()
    values = servable.run(signature_name, inputs, outputs, call.remaining_seconds, call.on_gone)
    if limits is not None:
        size = sum(map(answer_bytes, values.values()))
        limits.check_answer(size)
        call.share.shrink_to(size)
    return values


def _check_cost(
    servable: Servable, signature_name: str, inputs: Arrays, outputs: Sequence[str], call: Call, limits: Limits
) -> None:
    """Checks what is to be computed, and takes the memory for it until the call has ended."""
    needed = limits.check(inputs)
    check_k(inputs, servable.max_k)
    cost = servable.costs.get(signature_name)
    if cost is not None:
        computing, answer = cost.of(inputs, outputs)
        limits.check_answer(answer)
        needed += computing + answer
    call.share.grow_to(needed)


def answered_by(servable: Servable, asked: model_pb2.ModelSpec) -> model_pb2.ModelSpec:
    """Returns the model spec of an answer: what was asked for, with the version and signature that were chosen."""
    spec = model_pb2.ModelSpec(name=asked.name, signature_name=asked.signature_name or SERVING_DEFAULT)
    spec.version.value = servable.version
    return spec


def _inputs(
    signature: SignatureDef, request: predict_pb2.PredictRequest, limits: Limits | None
) -> dict[str, np.ndarray]:
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
    protos = {name: request.inputs[name] if name in given else defaults[name] for name in sorted(expected)}
    return {name: array_from_proto(name, proto, signature.inputs[name], limits) for name, proto in protos.items()}


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
    # A message has room for the first of them.
    return "{" + ",".join(heapq.nsmallest(_NAMES_IN_MESSAGE, names)) + "}"
