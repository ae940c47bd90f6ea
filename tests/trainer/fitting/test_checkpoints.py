"""Trainings that are killed within an epoch and begun again, beside trainings that nobody disturbs."""

import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.fitting.small_trainings import ROOT, TRAININGS, command, train_here
from trainer.fitting.checkpoints import Checkpoints, forget_checkpoints


def test_a_checkpoint_comes_back_as_it_was_and_the_last_one_counts(tmp_path: Path) -> None:
    checkpoints = Checkpoints(str(tmp_path / "kept"), minutes=0.0)
    assert checkpoints.read() is None
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64), np.zeros((0, 4)), np.array([True])]
    for step in (1, 2):
        assert checkpoints.due()
        checkpoints.write({"step": step, "losses": [0.1, 1e-30]}, arrays)
    found = Checkpoints(str(tmp_path / "kept"), minutes=5.0).read()
    assert found is not None
    assert found.progress == {"step": 2, "losses": [0.1, 1e-30]}
    for one, other in zip(found.arrays, arrays, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    forget_checkpoints(str(tmp_path / "kept"))
    assert not (tmp_path / "kept").exists()


def test_they_are_written_by_the_clock_and_without_a_folder_never(tmp_path: Path) -> None:
    assert not Checkpoints(str(tmp_path), minutes=1.0).due()
    assert not Checkpoints("", minutes=0.0).due()
    assert Checkpoints("", minutes=0.0).read() is None


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind == "search" else pytest.mark.long) for kind in TRAININGS],
)
def test_a_training_killed_within_an_epoch_ends_as_if_nothing_had_been(
    kind: str, tmp_path: Path, tiny_bert: Path
) -> None:
    dropout = 0.3
    whole = train_here(kind, tmp_path / "whole", tiny_bert, dropout)
    # Behind the first epoch, and within another one.
    steps = whole.steps // len(whole.losses) + (1 if kind != "pretraining" else 2)
    broken = tmp_path / kind
    killed = subprocess.run(
        command(kind, tmp_path, tiny_bert, die_after=steps, dropout=dropout),
        cwd=ROOT,
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:].decode()
    for folder in broken.glob("shop"):
        folder.rename(tmp_path / "shop of the killed one")
    again = train_here(kind, broken, tiny_bert, dropout)
    # It was killed right behind a checkpoint: no step is made twice.
    assert again.steps == whole.steps - steps
    np.testing.assert_allclose(again.losses, whole.losses, rtol=1e-5)
    for one, other in zip(again.weights, whole.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
