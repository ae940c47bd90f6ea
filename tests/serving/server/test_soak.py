"""Load for a while, at half of the highest rate, while versions are pushed and one in five is broken."""

import shutil
import time
from pathlib import Path

import psutil
import pytest

from serving.server.background import ServerProcess, server_thread
from serving.server.settings import ServerSettings
from tests.serving.server.load import Load, highest_rate, until
from tests.serving.server.tiny_models import write_version

WARM_UP_VERSIONS = 3
MEMORY_GROWTH = 0.05


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


@pytest.mark.long
@pytest.mark.parametrize("batching", [(), ("--enable_batching",)], ids=["alone", "batched"])
def test_ten_minutes_at_half_of_the_highest_rate(tmp_path: Path, batching: tuple[str, ...]) -> None:
    models, scratch = tmp_path / "models", tmp_path / "scratch"
    scratch.mkdir()
    write_version(models / "adder", 1, 1.0, warm_up_x=0.0)
    server = ServerProcess("--models", str(models), *batching, scratch=scratch)
    with server as addresses:
        # The first answers warm the server up; of the others the slowest turn counts, as machines have busy moments.
        highest_rate(addresses.grpc, 2.0)
        rate = min(highest_rate(addresses.grpc, 3.0) for _ in range(3)) / 2
        process = psutil.Process(server.pid)
        with Load(addresses.grpc, rate) as load:
            push_for(60.0 * WARM_UP_VERSIONS, 60.0, models / "adder", load)
            warm_bytes = process.memory_info().rss
            push_for(600.0, 60.0, models / "adder", load)
            end_bytes = process.memory_info().rss
        assert set(load.codes) == {"OK"}
        assert end_bytes <= (1 + MEMORY_GROWTH) * warm_bytes
        assert server.stop() == 0
