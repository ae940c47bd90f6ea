"""Requests that are computed together, over a real port and with real SavedModels."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest

from serving.client import Shelfwise
from serving.graph.warm_up_file import WARM_UP_FILE
from serving.server.batching.batch_scheduler import BatchScheduler
from serving.server.batching.batched_servable import BatchedServable
from serving.server.batching.batching_parameters import BatchingParameters
from tests.serving.recommendation.small_shop import (
    Ask,
    PlainShop,
    assert_same,
    filtered_inputs,
    history_inputs,
    rows_of,
)
from tests.serving.server.batching.batching_server import (
    MINUTE_MICROS,
    BatchingServer,
    answer,
    batching_server,
    code_of,
)
from tests.serving.server.tiny_models import write_version, write_witness

INVALID, PRECONDITION = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION
TWO_A_BATCH = {"max_batch_size": 2, "batch_timeout_micros": MINUTE_MICROS, "num_batch_threads": 1}


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "witness"
    write_witness(folder)
    return folder


@pytest.fixture(scope="module")
def cold_shop(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop without its warm-up requests, which would wait for company."""
    version = tmp_path_factory.mktemp("models") / "recommendation" / "3"
    shutil.copytree(exported, version, ignore=shutil.ignore_patterns(WARM_UP_FILE.rpartition("/")[2]))
    return version.parent


@pytest.fixture
def pairs(witness: Path) -> Iterator[BatchingServer]:
    """Computes as soon as two rows are there, and not before."""
    with batching_server(witness, **TWO_A_BATCH) as server:
        yield server


def rows(*values: float) -> dict[str, np.ndarray]:
    return {"x": np.array([[value, 0.0] for value in values], np.float32)}


def words(*texts: str) -> dict[str, np.ndarray]:
    return {"words": np.array([[text.encode() for text in texts]], object)}


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_concurrent_requests_are_computed_in_one_call_and_each_gets_its_own_rows(witness: Path) -> None:
    with batching_server(witness, max_batch_size=7, batch_timeout_micros=MINUTE_MICROS) as server:
        asked = [rows(1.0), rows(2.0, 3.0), rows(4.0), rows(5.0, 6.0, 7.0)]
        calls = [server.ask(inputs) for inputs in asked]
        for inputs, call in zip(asked, calls, strict=True):
            outputs = answer(call)
            np.testing.assert_array_equal(outputs["x"], inputs["x"])
            assert set(outputs["rows"]) == {7}
            assert set(outputs["total"]) == {28.0}


def test_batched_answers_are_those_of_the_plain_server(cold_shop: Path, address: str) -> None:
    asks = [Ask([f"P{number:03d}", f"P{number // 2:03d}"], k=number % 4 + 1) for number in range(24)]
    requests = [
        *(("serving_default", history_inputs([ask])) for ask in asks),
        *(("filtered", filtered_inputs(asks[begin : begin + 3])) for begin in range(0, len(asks), 3)),
        *(
            ("similar_products", {"product_id": np.array([ask.ids[0].encode()], object), "k": np.array([3], np.int32)})
            for ask in asks
        ),
    ]
    parameters = {"max_batch_size": 8, "batch_timeout_micros": 2000, "allowed_batch_sizes": (2, 4, 8)}
    with batching_server(cold_shop, **parameters, max_enqueued_batches=100) as server:
        calls = [server.ask(inputs, signature) for signature, inputs in requests]
        with Shelfwise(address) as plain:
            for (signature, inputs), call in zip(requests, calls, strict=True):
                batched = answer(call)
                alone = rows_of(plain.predict("recommendation", signature, inputs))
                for actual, expected in zip(rows_of(batched), alone, strict=True):
                    assert_same(actual, expected)


def test_a_request_gets_answers_as_wide_as_alone(cold_shop: Path, plain_shop: PlainShop) -> None:
    asks = [Ask(["P001"], k=2), Ask(["P002"], k=6), Ask(["P003"], k=0), Ask(["P004"], k=-3)]
    with batching_server(cold_shop, max_batch_size=4, batch_timeout_micros=MINUTE_MICROS) as server:
        outputs = [answer(call) for call in [server.ask(filtered_inputs([ask]), "filtered") for ask in asks]]
    for ask, output in zip(asks, outputs, strict=True):
        assert {value.shape for value in output.values()} == {(1, max(ask.k, 0))}
        assert_same(rows_of(output)[0], plain_shop.recommend(ask))


def test_signatures_and_outputs_have_batches_of_their_own(pairs: BatchingServer) -> None:
    all_outputs, filtered = pairs.ask(rows(1.0)), pairs.ask(rows(10.0), outputs=("total",))
    other = pairs.ask({"x": column(100.0), "y": column(100.0)}, "two_inputs")
    pairs.wait_for_queued(3)
    assert answer(pairs.ask(rows(20.0), outputs=("total",)))["total"] == [30.0]
    assert answer(filtered)["total"] == [30.0]
    assert answer(pairs.ask(rows(2.0)))["total"] == [3.0]
    assert answer(all_outputs)["total"] == [3.0]
    assert answer(pairs.ask({"x": column(1.0), "y": column(2.0)}, "two_inputs"))["y"] == [2.0]
    assert answer(other)["x"] == [100.0]


@pytest.mark.parametrize(("count", "padded"), [(1, 1), (2, 4), (3, 4), (4, 4), (5, 8), (8, 8)])
def test_a_batch_is_filled_up_to_an_allowed_size_with_a_row_that_is_left_out(
    witness: Path, count: int, padded: int
) -> None:
    with batching_server(witness, max_batch_size=8, allowed_batch_sizes=(1, 4, 8)) as server:
        values = [float(value) for value in range(3, 3 + count)]
        outputs = answer(server.ask(rows(*values)))
    np.testing.assert_array_equal(outputs["x"], rows(*values)["x"])
    assert set(outputs["rows"]) == {padded}
    assert set(outputs["total"]) == {sum(values) + 3.0 * (padded - count)}


def test_without_a_timeout_nothing_waits_for_company(witness: Path) -> None:
    with batching_server(witness, max_batch_size=100, batch_timeout_micros=0) as server:
        for value in (1.0, 2.0):
            assert answer(server.ask(rows(value)))["rows"] == [1]


def test_a_batch_with_as_many_rows_as_were_awaited_last_does_not_wait(witness: Path) -> None:
    wait_seconds = 1.0
    parameters = {"max_batch_size": 8, "batch_timeout_micros": int(wait_seconds * 1e6), "num_batch_threads": 1}
    with batching_server(witness, **parameters) as server:

        def seconds_of(*asked: dict[str, np.ndarray]) -> float:
            start = time.monotonic()
            calls = [server.ask(inputs) for inputs in asked]
            for call in calls:
                answer(call)
            return time.monotonic() - start

        assert seconds_of(rows(1.0)) >= wait_seconds
        assert seconds_of(rows(1.0)) < wait_seconds
        assert seconds_of(rows(1.0, 2.0, 3.0)) < wait_seconds
        # Two are fewer than three, so they wait in vain; then two are enough.
        assert seconds_of(rows(1.0), rows(2.0)) >= wait_seconds
        assert seconds_of(rows(1.0), rows(2.0)) < wait_seconds


def test_a_request_without_rows_is_answered(witness: Path) -> None:
    with batching_server(witness, max_batch_size=2, allowed_batch_sizes=(2,)) as server:
        assert answer(server.ask({"x": np.zeros((0, 2), np.float32)}))["x"].shape == (0, 2)


def test_a_full_queue_refuses_and_goes_on(witness: Path) -> None:
    with batching_server(witness, **TWO_A_BATCH, max_enqueued_batches=1) as server:
        waiting = server.ask(rows(1.0))
        server.wait_for_queued(1)
        refused = server.ask(rows(2.0, 3.0))
        assert code_of(refused) is grpc.StatusCode.UNAVAILABLE
        assert "max_enqueued_batches=1" in refused.details()
        assert answer(server.ask(rows(4.0)))["total"] == [5.0]
        assert answer(waiting)["total"] == [5.0]


def test_a_request_whose_deadline_has_passed_is_not_computed(pairs: BatchingServer) -> None:
    assert code_of(pairs.ask(rows(1.0), seconds=0.2)) is grpc.StatusCode.DEADLINE_EXCEEDED
    pairs.wait_for_queued(0)
    calls = [pairs.ask(rows(2.0)), pairs.ask(rows(3.0))]
    assert [answer(call)["total"] for call in calls] == [5.0, 5.0]


def test_a_request_whose_client_has_gone_is_not_computed(pairs: BatchingServer) -> None:
    gone = pairs.ask(rows(1.0))
    pairs.wait_for_queued(1)
    gone.cancel()
    pairs.wait_for_queued(0)
    calls = [pairs.ask(rows(2.0)), pairs.ask(rows(3.0))]
    assert [answer(call)["total"] for call in calls] == [5.0, 5.0]


@pytest.mark.parametrize(
    ("signature", "inputs", "code", "message"),
    [
        ("scalar_input", {"x": np.float32(1.0)}, INVALID, "input tensors must have at least one dimension"),
        (
            "two_inputs",
            {"x": column(1.0), "y": column(1.0, 2.0)},
            INVALID,
            "must have equal 0th-dimension size",
        ),
        ("serving_default", rows(1.0, 2.0, 3.0), INVALID, "Task size 3 is larger than maximum input batch size 2"),
        ("scalar_output", {"x": column(1.0, 2.0)}, PRECONDITION, "sum has shape []"),
        ("one_more_row", {"x": column(1.0, 2.0)}, PRECONDITION, "x has shape [3]"),
    ],
)
def test_what_cannot_be_batched_is_refused(
    pairs: BatchingServer, signature: str, inputs: dict[str, np.ndarray], code: grpc.StatusCode, message: str
) -> None:
    refused = pairs.ask(inputs, signature)
    assert code_of(refused) is code
    assert message in refused.details()
    assert answer(pairs.ask(rows(1.0, 2.0)))["rows"].tolist() == [2, 2]


def test_requests_that_differ_in_width_are_refused(pairs: BatchingServer) -> None:
    calls = [pairs.ask(words("a", "b"), "any_width"), pairs.ask(words("c"), "any_width")]
    for call in calls:
        assert code_of(call) is PRECONDITION
        assert "differ in the dimensions of words after the first: [1], [2]" in call.details()


def test_requests_that_differ_in_width_are_padded_with_their_first_element(witness: Path) -> None:
    with batching_server(witness, **TWO_A_BATCH, pad_variable_length_inputs=True) as server:
        calls = [server.ask(words("a", "b", "c"), "any_width"), server.ask(words("d"), "any_width")]
        assert [answer(call)["joined"][0] for call in calls] == [b"a b c", b"d d d"]
        empty = {"words": np.zeros((1, 0), object)}
        calls = [server.ask(words("a"), "any_width"), server.ask(empty, "any_width")]
        assert [code_of(call) for call in calls] == [INVALID, INVALID]


def test_an_error_of_the_model_reaches_only_the_request_that_causes_it(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 1.0)
    with batching_server(tmp_path / "adder", max_batch_size=6, batch_timeout_micros=MINUTE_MICROS) as server:
        values = [1.0, 2.0, -5000.0, 3.0, 4.0, 5.0]
        calls = [
            server.ask({"x": np.full((1, 2), value, np.float32), "name": np.array([b"n"], object)}) for value in values
        ]
        assert code_of(calls[2]) is INVALID
        assert "x is too small" in calls[2].details()
        answers = [answer(call)["sum"][0, 0] for value, call in zip(values, calls, strict=True) if value > 0]
    assert answers == [2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_version_that_is_replaced_answers_what_waits_before_it_closes(tmp_path: Path) -> None:
    scheduler = BatchScheduler(BatchingParameters(**TWO_A_BATCH))
    scheduler.start()
    servable = BatchedServable("adder", 1, write_version(tmp_path / "adder", 1, 1.0), scheduler)
    inputs = {"x": np.zeros((1, 2), np.float32), "name": np.array([b""], object)}
    closed: list[bool] = []

    def added() -> float:
        try:
            return float(servable.run("serving_default", inputs, ["sum"])["sum"][0, 0])
        finally:
            servable.release()

    assert servable.acquire()
    assert servable.acquire()
    servable.retire(lambda: closed.append(True))
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: added(), range(2))) == [1.0, 1.0]
    assert closed == [True]
    scheduler.stop()
