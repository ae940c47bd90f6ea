"""Classify, Regress and MultiInference, as in classifier_test.cc, regressor_test.cc and multi_inference_test.cc."""

from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from tests.contracts.tf_serving.clients import SECONDS, GrpcClient, refused

INVALID = grpc.StatusCode.INVALID_ARGUMENT
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
PREDICT = "tensorflow/serving/predict"

pytestmark = pytest.mark.mirrors("servables/tensorflow: classifier_test.cc, regressor_test.cc, multi_inference_test.cc")


def example(**features: float) -> tf.train.Example:
    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def given(*values: float, context: float | None = None) -> input_pb2.Input:
    made = input_pb2.Input()
    if context is None:
        made.example_list.examples.extend(example(x=value) for value in values)
    else:
        made.example_list_with_context.context.CopyFrom(example(x=context))
        made.example_list_with_context.examples.extend(example(x=value) for value in values)
    return made


def ask(client: GrpcClient, kind: str, model: str, signature: str, examples: input_pb2.Input) -> Any:
    messages = {"Classify": classification_pb2.ClassificationRequest, "Regress": regression_pb2.RegressionRequest}
    request = messages[kind](input=examples)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    return getattr(client.predictions, kind)(request, timeout=SECONDS)


def classes(response: classification_pb2.ClassificationResponse) -> list[list[tuple[str, float]]]:
    return [[(made.label, made.score) for made in row.classes] for row in response.result.classifications]


def numbers(response: regression_pb2.RegressionResponse) -> list[float]:
    return [made.value for made in response.result.regressions]


@pytest.mark.mirrors("tensorflow_model_server_test.py: testClassify; classifier_test.cc: ValidNamedSignature")
def test_classify(client: GrpcClient) -> None:
    response = ask(client, "Classify", "half_plus_two", "classify_x_to_y", given(2.0))
    assert classes(response) == [[("", 3.0)]]
    assert response.model_spec.name == "half_plus_two"
    assert response.model_spec.signature_name == "classify_x_to_y"
    assert response.model_spec.version.value == 123


@pytest.mark.mirrors("tensorflow_model_server_test.py: testRegress; regressor_test.cc: ValidNamedSignature")
def test_regress(client: GrpcClient) -> None:
    response = ask(client, "Regress", "half_plus_two", "regress_x_to_y", given(2.0))
    assert numbers(response) == [3.0]
    assert response.model_spec.signature_name == "regress_x_to_y"


@pytest.mark.mirrors("classifier_test.cc: ExampleList, ClassesOnly, ScoresOnly, ZeroScoresArePresent")
@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("", [[("car", 2.0), ("bike", 4.0), ("bus", 8.0)], [("car", 3.0), ("bike", 6.0), ("bus", 12.0)]]),
        ("classes_only", [[("car", 0.0), ("bike", 0.0), ("bus", 0.0)]] * 2),
        ("scores_only", [[("", 2.0), ("", 4.0), ("", 8.0)], [("", 3.0), ("", 6.0), ("", 12.0)]]),
        ("zero_scores", [[("car", 0.0), ("bike", 0.0), ("bus", 0.0)]] * 2),
    ],
)
def test_classes_and_scores(client: GrpcClient, signature: str, expected: list[list[tuple[str, float]]]) -> None:
    response = ask(client, "Classify", "classes", signature, given(2.0, 3.0))
    assert classes(response) == expected
    assert response.model_spec.signature_name == (signature or "serving_default")


@pytest.mark.mirrors("classifier_test.cc, regressor_test.cc: ExampleListWithContext, …_DuplicateFeatures")
def test_what_an_example_says_counts_before_the_context(client: GrpcClient) -> None:
    context_alone = input_pb2.Input()
    context_alone.example_list_with_context.context.CopyFrom(example(x=8.0))
    context_alone.example_list_with_context.examples.add()
    assert numbers(ask(client, "Regress", "classes", "regress", context_alone)) == [8.0]
    assert numbers(ask(client, "Regress", "classes", "regress", given(2.0, 3.0, context=8.0))) == [2.0, 3.0]


@pytest.mark.mirrors("classifier_test.cc, regressor_test.cc: EmptyInput, EmptyExampleList, EmptyExampleListWithContext")
@pytest.mark.parametrize("kind", ["Classify", "Regress"])
@pytest.mark.parametrize("empty", [input_pb2.Input(), given(), given(context=1.0)], ids=["none", "list", "context"])
def test_no_examples(client: GrpcClient, kind: str, empty: input_pb2.Input) -> None:
    with refused(INVALID, "Input is empty"):
        ask(client, kind, "classes", "regress" if kind == "Regress" else "", empty)


@pytest.mark.mirrors(
    "classifier_test.cc, regressor_test.cc: InvalidNamedSignature, Missing…Signature, Malformed…, …Incorrect…"
)
@pytest.mark.parametrize(
    ("kind", "signature", "message"),
    [
        ("Classify", "nope", "No signature was found with the name: nope"),
        ("Regress", "nope", "No signature was found with the name: nope"),
        ("Classify", "regress", "Expected classification signature outputs to contain at least one of"),
        ("Regress", "scores_only", "No regression outputs found in SignatureDef"),
        ("Regress", "serving_default", "Expected one output Tensor."),
        ("Classify", "long_classes", "Expected classes output batch size of 2. Got: 3"),
        ("Classify", "number_classes", "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
        ("Classify", "long_scores", "Expected scores output batch size of 2. Got: 4"),
        ("Classify", "double_scores", "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ("Classify", "two_of_three", "Tensors class and score should match in dim_size(1). Got 2 vs. 3"),
        ("Classify", "fails", "Run totally failed"),
        (
            "Regress",
            "regress_wide",
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]",
        ),
        ("Regress", "regress_long", "Input batch size did not match output batch size: 2 vs. 4"),
        ("Regress", "regress_double", "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
    ],
)
def test_signatures_that_do_not_fit(client: GrpcClient, kind: str, signature: str, message: str) -> None:
    with refused(INVALID, message):
        ask(client, kind, "classes", signature, given(2.0, 3.0))


def tasks(*asked: tuple[str, str, str], examples: input_pb2.Input | None = None) -> inference_pb2.MultiInferenceRequest:
    request = inference_pb2.MultiInferenceRequest(input=given(2.0) if examples is None else examples)
    for model, signature, method in asked:
        task = request.tasks.add(method_name=method)
        task.model_spec.name = model
        task.model_spec.signature_name = signature
    return request


HALF = "half_plus_two"


@pytest.mark.mirrors(
    "multi_inference_test.cc: ValidSingleSignature…, MultipleValidRegressSignatures…, RegressAndClassifySignaturesTest"
)
def test_several_tasks(client: GrpcClient) -> None:
    request = tasks(
        (HALF, "regress_x_to_y", REGRESS), (HALF, "regress_x_to_y2", REGRESS), (HALF, "classify_x_to_y", CLASSIFY)
    )
    results = client.predictions.MultiInference(request, timeout=SECONDS).results
    assert [made.value for made in results[0].regression_result.regressions] == [3.0]
    assert [made.value for made in results[1].regression_result.regressions] == [4.0]
    assert results[2].classification_result.classifications[0].classes[0].score == 3.0
    for result, task in zip(results, request.tasks, strict=True):
        assert result.model_spec.name == HALF
        assert result.model_spec.signature_name == task.model_spec.signature_name
        assert result.model_spec.version.value == 123


@pytest.mark.mirrors("multi_inference_test.cc: the five refusals")
@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (tasks((HALF, "regress_x_to_y", REGRESS), examples=input_pb2.Input()), INVALID, "Input is empty"),
        (tasks((HALF, "nope", REGRESS)), INVALID, "signature not found"),
        (
            tasks((HALF, "regress_x_to_y", REGRESS), ("other", "regress_x_to_y", REGRESS)),
            INVALID,
            "must access the same model name",
        ),
        (
            tasks((HALF, "regress_x_to_y", REGRESS), (HALF, "regress_x_to_y", REGRESS)),
            INVALID,
            "Duplicate evaluation of signature: regress_x_to_y",
        ),
        (tasks((HALF, "serving_default", PREDICT)), grpc.StatusCode.UNIMPLEMENTED, "Unsupported signature"),
    ],
    ids=["empty", "signature", "models", "duplicate", "method"],
)
def test_tasks_that_are_refused(
    client: GrpcClient, request_: inference_pb2.MultiInferenceRequest, code: grpc.StatusCode, message: str
) -> None:
    with refused(code, message):
        client.predictions.MultiInference(request_, timeout=SECONDS)
