"""An open-loop load test: requests leave at a steady rate, whether or not the server keeps up."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import numpy as np
import numpy.typing as npt

from shelfwise_client.channel import PREDICT, Connection
from shelfwise_client.protocol.classes import PredictRequest

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 100.0)


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is asked of a server.

    Attributes:
        rate: Requests a second.
        seconds: For how long requests leave.
        warm_up_seconds: Requests leave that long before, and count for nothing.
        most_in_flight: Requests that wait for an answer at once. Those that are due while that many wait leave later.
    """

    rate: float
    seconds: float
    warm_up_seconds: float = 0.0
    most_in_flight: int = 1000

    @property
    def requests(self) -> int:
        """Requests that count."""
        return max(1, round(self.rate * self.seconds))


@dataclass(frozen=True)
class LoadReport:
    """What came of a load test.

    Attributes:
        seconds: From the first request being due to the last answer.
        milliseconds: float64 `(answered,)` of each answered request, from when it was due, not from when it left.
        late_milliseconds: float64 `(requests,)`, how long after it was due each request left. Where this is large while
            few wait, the client is the bottleneck.
        errors: Requests that ended without an answer, by gRPC status.
    """

    seconds: float
    milliseconds: npt.NDArray[np.float64]
    late_milliseconds: npt.NDArray[np.float64]
    errors: dict[str, int]

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return len(self.milliseconds)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def percentiles(self) -> dict[str, float]:
        """Returns `milliseconds` by the name of the percentile, such as p50; none where nothing was answered."""
        return _by_percentile(self.milliseconds)

    def late_percentiles(self) -> dict[str, float]:
        """Returns `late_milliseconds` by the name of the percentile."""
        return _by_percentile(self.late_milliseconds)


def _by_percentile(milliseconds: npt.NDArray[np.float64]) -> dict[str, float]:
    if not len(milliseconds):
        return {}
    values = np.percentile(milliseconds, PERCENTILES)
    return {f"p{percent:g}": float(value) for percent, value in zip(PERCENTILES, values, strict=True)}


def run_load(connection: Connection, requests: Sequence[PredictRequest], load: Load) -> LoadReport:
    """Sends requests in turn at a steady rate, each with the connection's timeout, and never one twice.

    Latency is measured from the moment a request is due. A client that waits for an answer before it asks again, or
    that starts the clock when it gets to send, does not see the requests that a slow answer delays (coordinated
    omission: Tene, "How NOT to measure latency", 2015). A request that could not leave in its time is an error.

    Memory grows with the number of requests, some bytes each. It ends at the latest when the timeout has passed after
    the last request was due.

    Args:
        connection: The server; its `retries` should be off, as what is tried again is not seen here.
        requests: At least one.
        load: How much.
    """
    with connection.open() as channel:
        # Messages as bytes both ways: only the server's work is to be measured.
        run = _Run(channel.unary_unary(PREDICT), [request.SerializeToString() for request in requests], load)
        return run.measure(connection.timeout_seconds)


class _Run:
    """Sends from one thread; answers are noted by gRPC's own."""

    def __init__(self, predict: grpc.UnaryUnaryMultiCallable, messages: Sequence[bytes], load: Load) -> None:
        self._predict = predict
        self._messages = messages
        self._load = load
        self._free = threading.Semaphore(load.most_in_flight)
        self._warm_up = round(load.rate * load.warm_up_seconds)
        total = self._warm_up + load.requests
        self._milliseconds, self._late = np.full(total, np.nan), np.zeros(total)
        self._errors = [""] * total

    def measure(self, timeout_seconds: float) -> LoadReport:
        start = time.perf_counter()
        for number in range(len(self._late)):
            due = start + number / self._load.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            self._free.acquire()
            self._send(number, due, timeout_seconds)
        for _ in range(self._load.most_in_flight):
            self._free.acquire()  # Comes back once nothing is in flight any more.
        counted = self._milliseconds[self._warm_up :]
        return LoadReport(
            seconds=time.perf_counter() - start - self._warm_up / self._load.rate,
            milliseconds=counted[~np.isnan(counted)],
            late_milliseconds=self._late[self._warm_up :],
            errors=dict(sorted(Counter(filter(None, self._errors[self._warm_up :])).items())),
        )

    def _send(self, number: int, due: float, timeout_seconds: float) -> None:
        late = time.perf_counter() - due
        self._late[number] = late * 1e3
        if late >= timeout_seconds:
            self._errors[number] = grpc.StatusCode.DEADLINE_EXCEEDED.name
            self._free.release()
            return
        message = self._messages[number % len(self._messages)]
        call = self._predict.future(message, timeout=timeout_seconds - late)
        call.add_done_callback(lambda ended: self._note(number, due, ended))

    def _note(self, number: int, due: float, call: grpc.Future) -> None:
        milliseconds = (time.perf_counter() - due) * 1e3
        code = call.code()
        if code is grpc.StatusCode.OK:
            self._milliseconds[number] = milliseconds
        else:
            self._errors[number] = code.name
        self._free.release()
