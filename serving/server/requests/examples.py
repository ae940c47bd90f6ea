"""Classify, Regress and MultiInference: what TF Serving answers about tf.Examples."""

from collections.abc import Callable, Mapping

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from serving.server.errors import StatusError, invalid_argument
from serving.server.models.graph_session import SignatureDef
from serving.server.models.servable import Servable
from serving.server.requests.call import NO_CALL, Call
from serving.server.requests.limits import Limits
from serving.server.requests.predict import answered_by, compute
from serving.server.requests.tensors import dtype_name
from serving.signature_names import SERVING_DEFAULT

_INPUTS, _OUTPUTS, _CLASSES, _SCORES = "inputs", "outputs", "classes", "scores"


def classify(
    servable: Servable,
    request: classification_pb2.ClassificationRequest,
    call: Call = NO_CALL,
    limits: Limits | None = None,
) -> classification_pb2.ClassificationResponse:
    """Answers with classes and scores of each example.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    return classification_pb2.ClassificationResponse(
        model_spec=answered_by(servable, request.model_spec),
        result=_classification(servable, request.model_spec.signature_name, request.input, call, limits),
    )


def regress(
    servable: Servable, request: regression_pb2.RegressionRequest, call: Call = NO_CALL, limits: Limits | None = None
) -> regression_pb2.RegressionResponse:
    """Answers with one number for each example.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    return regression_pb2.RegressionResponse(
        model_spec=answered_by(servable, request.model_spec),
        result=_regression(servable, request.model_spec.signature_name, request.input, call, limits),
    )


def multi_inference(
    servable: Servable,
    request: inference_pb2.MultiInferenceRequest,
    call: Call = NO_CALL,
    limits: Limits | None = None,
) -> inference_pb2.MultiInferenceResponse:
    """Answers several tasks of one model about the same examples.

    Raises:
        StatusError: The codes and messages of TF Serving.
    """
    _check_tasks(servable, request)
    response = inference_pb2.MultiInferenceResponse()
    for task in request.tasks:
        result = response.results.add(model_spec=answered_by(servable, task.model_spec))
        arguments = (servable, task.model_spec.signature_name, request.input, call, limits)
        if task.method_name == tf.saved_model.CLASSIFY_METHOD_NAME:
            result.classification_result.CopyFrom(_classification(*arguments))
        else:
            result.regression_result.CopyFrom(_regression(*arguments))
    return response


def _check_tasks(servable: Servable, request: inference_pb2.MultiInferenceRequest) -> None:
    seen: set[str] = set()
    for task in request.tasks:
        spec = task.model_spec
        if not spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if spec.name != request.tasks[0].model_spec.name:
            raise invalid_argument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        name = spec.signature_name or SERVING_DEFAULT
        if name in seen:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        if name not in servable.signatures:
            raise invalid_argument(f"Requested signature not found in model graph: {name}")
        if task.method_name not in (tf.saved_model.CLASSIFY_METHOD_NAME, tf.saved_model.REGRESS_METHOD_NAME):
            raise StatusError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")


def _classification(
    servable: Servable, signature_name: str, given: input_pb2.Input, call: Call, limits: Limits | None
) -> classification_pb2.ClassificationResult:
    values, count = _values(servable, signature_name, _check_classification, given, call, limits)
    for name, dtype in ((_CLASSES, tf.string), (_SCORES, tf.float32)):
        if name in values:
            _check_classes(name, values[name], dtype, count)
    widths = {name: values[name].shape[1] for name in values}
    if len(set(widths.values())) > 1:
        raise invalid_argument(
            f"Tensors class and score should match in dim_size(1). Got {widths[_CLASSES]} vs. {widths[_SCORES]}"
        )
    result = classification_pb2.ClassificationResult()
    labels, scores = values.get(_CLASSES), values.get(_SCORES)
    for row in range(count):
        classes = result.classifications.add().classes
        for column in range(next(iter(widths.values()))):
            made = classes.add()
            if labels is not None:
                made.label = _text(labels[row, column])
            if scores is not None:
                made.score = scores[row, column]
    return result


def _regression(
    servable: Servable, signature_name: str, given: input_pb2.Input, call: Call, limits: Limits | None
) -> regression_pb2.RegressionResult:
    values, count = _values(servable, signature_name, _check_regression, given, call, limits)
    value = values[_OUTPUTS]
    if not (value.ndim == 1 or (value.ndim == 2 and value.shape[1] == 1)):
        raise invalid_argument(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {_shape(value)}"
        )
    if value.shape[0] != count:
        raise invalid_argument(f"Input batch size did not match output batch size: {count} vs. {value.shape[0]}")
    if value.dtype != np.float32:
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: DT_{dtype_name(value.dtype).upper()}")
    result = regression_pb2.RegressionResult()
    for number in value.ravel().tolist():
        result.regressions.add(value=number)
    return result


def _values(
    servable: Servable,
    signature_name: str,
    check: Callable[[SignatureDef], list[str]],
    given: input_pb2.Input,
    call: Call,
    limits: Limits | None,
) -> tuple[Mapping[str, np.ndarray], int]:
    """Computes the outputs that `check` names, and returns them with the number of examples."""
    signature_name = signature_name or SERVING_DEFAULT
    signature = servable.signatures.get(signature_name)
    if signature is None:
        raise invalid_argument(f"No signature was found with the name: {signature_name}")
    outputs = check(signature)
    examples = _serialized_examples(given, limits)
    values = compute(servable, signature_name, lambda _: {_INPUTS: examples}, outputs, call, limits)
    return values, len(examples)


def _check_classification(signature: SignatureDef) -> list[str]:
    _check_one_input(signature, "classification")
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    outputs = [name for name in (_CLASSES, _SCORES) if name in signature.outputs]
    if not outputs:
        raise invalid_argument(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {signature}'
        )
    return outputs


def _check_regression(signature: SignatureDef) -> list[str]:
    _check_one_input(signature, "regression")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if _OUTPUTS not in signature.outputs:
        raise invalid_argument(f"No regression outputs found in SignatureDef: {signature}")
    return [_OUTPUTS]


def _check_one_input(signature: SignatureDef, kind: str) -> None:
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if _INPUTS not in signature.inputs:
        raise invalid_argument(f"No {kind} inputs found in SignatureDef: {signature}")


def _check_classes(name: str, value: np.ndarray, dtype: tf.DType, count: int) -> None:
    if value.ndim != 2:
        raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {_shape(value)}")
    expected, actual = dtype_name(dtype), dtype_name(value.dtype)
    if actual != expected:
        raise invalid_argument(f"Expected {name} Tensor of DT_{expected.upper()}. Got: DT_{actual.upper()}")
    if value.shape[0] != count:
        raise invalid_argument(f"Expected {name} output batch size of {count}. Got: {value.shape[0]}")


def _serialized_examples(given: input_pb2.Input, limits: Limits | None) -> np.ndarray:
    kind = given.WhichOneof("kind")
    context = b""
    if kind == "example_list_with_context":
        # Messages one after the other are one message: what the example says of a feature counts.
        context = given.example_list_with_context.context.SerializeToString()
    examples = getattr(given, kind).examples if kind is not None else ()
    if not examples:
        raise invalid_argument("Input is empty.")
    if limits is not None:
        limits.check_rows(_INPUTS, len(examples))
        # The context stands in every one.
        limits.check_bytes(_INPUTS, len(context) * len(examples))
    return np.array([context + example.SerializeToString() for example in examples], object)


def _shape(value: np.ndarray) -> str:
    return "[" + ",".join(map(str, value.shape)) + "]"


def _text(label: bytes) -> str:
    # The field is text: a label that is not UTF-8 could not be sent.
    return label.decode("utf-8", "replace")
