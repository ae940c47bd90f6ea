"""Updates come at their times, and one at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.errors import InputError
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.running.root_lock import only_one
from tfx_pipeline.updates.watch import regularly, seconds_between, watch


@pytest.mark.parametrize(("every", "seconds"), [("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400)])
def test_times_are_read(every: str, seconds: int) -> None:
    assert seconds_between(every) == seconds


@pytest.mark.parametrize("every", ["", "1", "0h", "1.5d", "a day", "-1h"])
def test_other_times_are_refused(every: str) -> None:
    with pytest.raises(ConfigError, match="such as 30m, 6h or 1d"):
        seconds_between(every)


def test_updates_come_every_so_often_and_late_ones_are_not_made_up_for() -> None:
    clock, pauses = [0.0], []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    # How long each update takes.
    for took, _ in zip((1.0, 25.0, 2.0, 0.0), regularly(10.0, pause, lambda: clock[0]), strict=False):
        clock[0] += took
    assert pauses == [9.0, 0.0, 8.0]


@pytest.mark.long
def test_a_failed_update_is_told_and_the_next_one_comes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def pause(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(tmp_path / "no such run", 3600, pauses=pause)
    told = capfd.readouterr()
    assert "there is no state.json" in told.out + told.err
    assert "exit code 2; the next one comes as planned" in told.out


def test_a_folder_is_run_or_updated_by_one_process_and_free_when_that_ends(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tfx_pipeline.running.root_lock import only_one
with only_one(Path({str(tmp_path)!r})):
    print("has it", flush=True)
    input()
"""
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "has it\n"
        with pytest.raises(InputError, match=rf"process {other.pid} is running or updating"), only_one(tmp_path):
            pass
        other.kill()
    with only_one(tmp_path):
        assert (tmp_path / "running.lock").read_text() == str(os.getpid())
    with only_one(tmp_path):
        pass
