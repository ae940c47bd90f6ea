"""The open-loop load test against servers whose times are known."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from shelfwise_client.channel import Connection
from shelfwise_client.open_loop import Load, LoadReport, run_load

Handle = Callable[[predict_pb2.PredictRequest, grpc.ServicerContext], None]


@contextmanager
def served(handle: Handle, threads: int = 1) -> Iterator[str]:
    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext) -> Any:
            handle(request, context)
            return predict_pb2.PredictResponse()

    server = grpc.server(futures.ThreadPoolExecutor(threads))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def requests(*names: str) -> list[predict_pb2.PredictRequest]:
    made = [predict_pb2.PredictRequest() for _ in names]
    for request, name in zip(made, names, strict=True):
        request.model_spec.name = name
    return made


def run(address: str, names: tuple[str, ...] = ("a",), timeout_seconds: float = 20.0, **load: Any) -> LoadReport:
    connection = Connection(address=address, timeout_seconds=timeout_seconds, retries=False)
    return run_load(connection, requests(*names), Load(**load))


def test_a_stall_is_seen_by_every_request_that_it_delays() -> None:
    calls = iter(range(1000))

    def stall_once(request: predict_pb2.PredictRequest, context: grpc.ServicerContext) -> None:
        if next(calls) == 5:
            time.sleep(0.5)

    with served(stall_once) as address:
        report = run(address, rate=50.0, seconds=1.0)
    assert report.answered == 50
    assert report.errors == {}
    # Of the requests that come while the server stands still, the i-th one waits i / 50 seconds less.
    worst = np.sort(report.milliseconds)[::-1][:20]
    expected = 500.0 - 20.0 * np.arange(20)
    assert np.all(worst >= expected - 1.0)


def test_few_at_once_does_not_hide_a_slow_server() -> None:
    with served(lambda *_: time.sleep(0.05)) as address:
        report = run(address, rate=100.0, seconds=0.3, most_in_flight=1)
    # The i-th request is due at 10 i ms and answered at 50 (i + 1) ms at the earliest.
    assert np.all(np.sort(report.milliseconds) >= 50.0 + 40.0 * np.arange(30) - 1.0)
    assert report.late_milliseconds[-1] >= 40.0 * 29 - 1.0
    assert report.rate <= 1 / 0.05


def test_errors_are_counted_by_status_and_requests_take_turns() -> None:
    seen: list[str] = []

    def abort(request: predict_pb2.PredictRequest, context: grpc.ServicerContext) -> None:
        seen.append(request.model_spec.name)
        if request.model_spec.name != "OK":
            context.abort(getattr(grpc.StatusCode, request.model_spec.name), "as told")

    with served(abort) as address:
        report = run(address, ("OK", "UNAVAILABLE", "NOT_FOUND", "OK"), rate=200.0, seconds=0.1, warm_up_seconds=0.02)
    assert len(seen) == 24
    assert sorted(seen[:4]) == ["NOT_FOUND", "OK", "OK", "UNAVAILABLE"]
    assert (report.answered, report.errors) == (10, {"NOT_FOUND": 5, "UNAVAILABLE": 5})


def test_it_ends_when_nothing_answers() -> None:
    never = threading.Event()
    with served(lambda *_: never.wait(30.0) and None) as address:
        started = time.monotonic()
        report = run(address, rate=100.0, seconds=0.3, timeout_seconds=0.4, most_in_flight=3)
        never.set()
    assert report.errors == {"DEADLINE_EXCEEDED": 30}
    assert report.percentiles() == {}
    assert time.monotonic() - started < 10.0


def test_percentiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).exponential(size=999)
    report = LoadReport(2.0, values, np.zeros(999), {})
    assert report.rate == pytest.approx(499.5)
    assert report.percentiles()["p50"] == pytest.approx(np.median(values))
    assert report.percentiles()["p100"] == values.max()
    assert list(report.percentiles()) == ["p50", "p90", "p95", "p99", "p99.9", "p100"]
