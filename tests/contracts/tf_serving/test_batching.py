"""Requests that a server computes together, as in batching_session_test.cc."""

import grpc
import numpy as np
import pytest

from tests.contracts.tf_serving.clients import SECONDS, GrpcClient, outputs, predict_request, refused

INVALID, PRECONDITION = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION

pytestmark = pytest.mark.mirrors("batching/batching_session_test.cc: BatchingSessionTest")


def rows(*values: float) -> np.ndarray:
    return np.array([[value, 0.0] for value in values], np.float32)


@pytest.mark.mirrors("Basic")
def test_each_gets_its_own_rows(batched: GrpcClient) -> None:
    calls = [
        batched.predictions.Predict.future(predict_request("witness", {"x": rows(*values)}), timeout=SECONDS)
        for values in ((1.0, 2.0), (3.0,), (4.0,), (5.0, 6.0, 7.0))
    ]
    answers = [outputs(call.result())["x"] for call in calls]
    assert answers == [rows(1.0, 2.0).tolist(), rows(3.0).tolist(), rows(4.0).tolist(), rows(5.0, 6.0, 7.0).tolist()]


@pytest.mark.mirrors("BatchingWithLargeBatch: without splitting")
def test_more_rows_than_a_batch_has(batched: GrpcClient) -> None:
    with refused(INVALID, "Task size 5 is larger than maximum input batch size 4"):
        batched.predict("witness", {"x": rows(1.0, 2.0, 3.0, 4.0, 5.0)})


@pytest.mark.mirrors("UnequalTensorShapesWithPaddingTurnedOff: requests of one batch whose other dimensions differ")
def test_unequal_widths_fail_together_and_work_alone(batched: GrpcClient) -> None:
    def words(count: int) -> np.ndarray:
        return np.full((1, count), b"a", object)

    assert outputs(batched.predict("witness", {"words": words(2)}, "any_width"))["joined"] == [b"a a"]
    assert outputs(batched.predict("witness", {"words": words(3)}, "any_width"))["joined"] == [b"a a a"]
    calls = [
        batched.predictions.Predict.future(
            predict_request("witness", {"words": words(count)}, "any_width"), timeout=SECONDS
        )
        for count in (2, 3, 2, 3)
    ]
    # Which of them meet is up to the clock; whoever meets another width is told so.
    assert {call.code() for call in calls} <= {grpc.StatusCode.OK, PRECONDITION}


@pytest.mark.mirrors("RequestWithIncompatibleInputTensorSizes")
def test_inputs_of_unequal_rows(batched: GrpcClient) -> None:
    inputs = {"x": np.zeros(2, np.float32), "y": np.zeros(3, np.float32)}
    with refused(INVALID, "Batching Run() input tensors must have equal 0th-dimension size"):
        batched.predict("witness", inputs, "two_inputs")


@pytest.mark.mirrors("batching_session.cc: an input without dimensions is refused")
def test_a_scalar(batched: GrpcClient) -> None:
    with refused(INVALID, "Batching Run() input tensors must have at least one dimension"):
        batched.predict("witness", {"x": 1.0}, "scalar_input")


@pytest.mark.mirrors("batching_session.cc: an output without dimensions is refused")
def test_a_scalar_output(batched: GrpcClient) -> None:
    with refused(PRECONDITION):
        batched.predict("witness", {"x": np.zeros(2, np.float32)}, "scalar_output")


@pytest.mark.mirrors("MultipleSignatures, SubsetOutputTensors")
def test_signatures_and_outputs_apart(batched: GrpcClient) -> None:
    stub = batched.predictions.Predict.future
    one = stub(predict_request("witness", {"x": rows(1.0)}, output_filter=("rows",)), timeout=SECONDS)
    two = stub(predict_request("witness", {"x": rows(2.0)}), timeout=SECONDS)
    pair = {"x": np.zeros(1, np.float32), "y": np.ones(1, np.float32)}
    other = stub(predict_request("witness", pair, "two_inputs"), timeout=SECONDS)
    assert list(outputs(one.result())) == ["rows"]
    assert outputs(two.result())["x"] == rows(2.0).tolist()
    assert outputs(other.result()) == {"x": [0.0], "y": [1.0]}
