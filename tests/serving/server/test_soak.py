"""Load for a while, at half of the highest rate, while versions are pushed and one in five is broken."""

import collections
import contextlib
import itertools
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server.background import ServerProcess, server_thread
from serving.server.settings import ServerSettings
from tests.serving.server.load import Load, add_request, highest_rate, until
from tests.serving.server.tiny_models import write_version

WARM_UP_VERSIONS = 3
MEMORY_GROWTH = 0.05
MINUTE_SECONDS = float(os.environ.get("SOAK_MINUTE_SECONDS", "60"))
# Each of its requests has two megabytes in the middle; more of them would be a test of the network.
MOST_HOSTILE_RATE = 50.0


def push(base: Path, model_folder: Path, version: int, broken: bool) -> None:
    """Puts a version in its place as the pusher does: whole, by a rename."""
    shutil.copytree(base, model_folder / f".{version}")
    if broken:
        (model_folder / f".{version}" / "variables" / "variables.index").write_bytes(b"broken")
    (model_folder / f".{version}").rename(model_folder / str(version))


def push_for(seconds: float, every_seconds: float, model_folder: Path, load: Load) -> list[int]:
    """Pushes versions after those that are there until the time is over; returns the first and those that are whole."""
    base = model_folder / "1"
    end = time.monotonic() + seconds
    whole, version = [1], max(int(folder.name) for folder in model_folder.iterdir())
    while time.monotonic() < end:
        version += 1
        broken = version % 5 == 0
        push(base, model_folder, version, broken)
        if not broken:
            whole.append(version)
        time.sleep(max(0.0, min(every_seconds, end - time.monotonic())))
        assert set(load.codes) <= {"OK"}
    return whole


def test_versions_come_and_go_under_load(tmp_path: Path) -> None:
    write_version(tmp_path / "adder", 1, 1.0, warm_up_x=0.0)
    lines: list[str] = []
    with server_thread(tmp_path, ServerSettings(port=0, poll_seconds=0.1), lines.append) as addresses:
        with Load(addresses.grpc, rate=50.0) as load:
            whole = push_for(6.0, 1.0, tmp_path / "adder", load)
        until(lambda: f"loaded adder version {whole[-1]}" in lines)
    assert set(load.codes) == {"OK"}
    assert load.codes["OK"] > 200
    assert [line for line in lines if line.startswith("loaded")] == [
        f"loaded adder version {number}" for number in whole
    ]
    assert [line.split(":")[0] for line in lines if line.startswith("refused")] == ["refused adder version 5"]


def hostile_requests() -> list[predict_pb2.PredictRequest]:
    """Requests that would cost far more than they weigh: each is refused."""
    requests = [add_request() for _ in range(4)]
    requests[0].inputs["x"].tensor_shape.dim[0].size = 10**9
    requests[1].inputs["name"].tensor_shape.dim.add(size=10**9)
    requests[2].inputs["name"].string_val[0] = b"x" * 2_000_000
    for _ in range(10_000):
        requests[3].inputs["x"].tensor_shape.dim.add(size=1)
    return requests


@contextlib.contextmanager
def hostile_client(address: str, rate: float) -> Iterator[collections.Counter[str]]:
    """Sends hostile requests at a rate while the block lasts; counts the answers by their status."""
    codes: collections.Counter[str] = collections.Counter()
    stop = threading.Event()

    def send() -> None:
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            for request in itertools.cycle(hostile_requests()):
                codes[stub.Predict.future(request, timeout=30).code().name] += 1
                if stop.wait(1.0 / rate):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield codes
    finally:
        stop.set()
        thread.join()


@pytest.mark.long
@pytest.mark.parametrize("batching", [(), ("--enable_batching",)], ids=["alone", "batched"])
def test_ten_minutes_at_half_of_the_highest_rate_and_one_client_in_five_is_hostile(
    tmp_path: Path, batching: tuple[str, ...]
) -> None:
    models, scratch = tmp_path / "models", tmp_path / "scratch"
    scratch.mkdir()
    write_version(models / "adder", 1, 1.0, warm_up_x=0.0)
    server = ServerProcess("--models", str(models), *batching, scratch=scratch)
    with server as addresses:
        # The first answers warm the server up; of the others the slowest turn counts, as machines have busy moments.
        highest_rate(addresses.grpc, 2.0)
        rate = min(highest_rate(addresses.grpc, 3.0) for _ in range(3)) / 2
        process = psutil.Process(server.pid)
        hostile_rate = min(rate / 4, MOST_HOSTILE_RATE)
        with Load(addresses.grpc, rate) as load, hostile_client(addresses.grpc, hostile_rate) as refused:
            push_for(MINUTE_SECONDS * WARM_UP_VERSIONS, MINUTE_SECONDS, models / "adder", load)
            warm_bytes = process.memory_info().rss
            push_for(10 * MINUTE_SECONDS, MINUTE_SECONDS, models / "adder", load)
            end_bytes = process.memory_info().rss
        assert set(load.codes) == {"OK"}
        assert set(refused) == {"INVALID_ARGUMENT"}
        assert end_bytes <= (1 + MEMORY_GROWTH) * warm_bytes
        assert server.stop() == 0
