"""Load on a server: requests at a rate, whatever becomes of them."""

import collections
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

# A server that was away for long is asked again soon.
CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 300),
]


def add_request(model: str = "adder", rows: int = 1) -> predict_pb2.PredictRequest:
    """A request to a model of tiny_models.AddConstant."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros((rows, 2), np.float32)))
    request.inputs["name"].CopyFrom(tf.make_tensor_proto(np.full(rows, b"n", object)))
    return request


@dataclass
class Load:
    """Sends requests at a rate from a thread of its own, for as long as the block lasts.

    `codes` counts the answers by their status, and `answers` holds when each good one came.
    """

    address: str
    rate: float
    codes: collections.Counter[str] = field(default_factory=collections.Counter)
    answers: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(self.address, options=CHANNEL_OPTIONS)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._request = add_request()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._in_flight: set[Any] = set()
        self._thread = threading.Thread(target=self._send)

    def _send(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += 1.0 / self.rate
            call = self._stub.Predict.future(self._request, timeout=30)
            with self._lock:
                self._in_flight.add(call)
            call.add_done_callback(self._done)

    def _done(self, call: Any) -> None:
        with self._lock:
            self._in_flight.discard(call)
            self.codes[call.code().name] += 1
            if call.code() is grpc.StatusCode.OK:
                self.answers.append(time.monotonic())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        with self._lock:
            waiting = list(self._in_flight)
        for call in waiting:
            call.code()
        until(lambda: not self._in_flight)
        self._channel.close()


def highest_rate(address: str, seconds: float, clients: int = 4) -> float:
    """Returns the requests a second that some clients get answered, each asking again as soon as it can."""
    request = add_request()
    counts = [0] * clients
    deadline = time.monotonic() + seconds

    def ask(number: int) -> None:
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            while time.monotonic() < deadline:
                stub.Predict(request, timeout=10)
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something holds that another thread or process is about to bring about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
