"""Function components that wait for each other, fail or are killed."""

import os
import signal
import time
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components.errors import InputError
from trainer.progress import report_progress


def meet(mine: str, other: str) -> None:
    """Leaves a file, and waits until another one is there."""
    Path(mine).touch()
    while not Path(other).exists():
        time.sleep(0.01)


@component
def Meet(mine: Parameter[str], other: Parameter[str], met: OutputArtifact[standard_artifacts.Model]) -> None:
    """Waits for another node, and writes the number of its process."""
    report_progress(1, 2, "guests", "waiting")
    meet(mine, other)
    Path(met.uri, "text").write_text(str(os.getpid()))


@component
def Join(
    left: InputArtifact[standard_artifacts.Model],
    right: InputArtifact[standard_artifacts.Model],
    joined: OutputArtifact[standard_artifacts.Model],
) -> None:
    """Writes what two nodes wrote."""
    texts = [Path(each.uri, "text").read_text() for each in (left, right)]
    Path(joined.uri, "text").write_text(" ".join(texts))


@component
def Bad(mine: Parameter[str], other: Parameter[str], never: OutputArtifact[standard_artifacts.Model]) -> None:
    """Waits for another node, and refuses its input."""
    meet(mine, other)
    raise InputError("the table is bad")


@component
def Killed(never: OutputArtifact[standard_artifacts.Model]) -> None:
    """Ends as a process does that the kernel takes memory from."""
    os.kill(os.getpid(), signal.SIGKILL)


@component
def Wait(seconds: Parameter[float], folder: Parameter[str], waited: OutputArtifact[standard_artifacts.Model]) -> None:
    """Does nothing for a while, and writes when it began and ended; leaves a file where it is interrupted."""
    began = time.monotonic()
    try:
        report_progress(0, None, "naps")
        time.sleep(seconds)
    except KeyboardInterrupt:
        Path(folder, "interrupted").touch()
        raise
    Path(waited.uri, "text").write_text(f"{began} {time.monotonic()}")
