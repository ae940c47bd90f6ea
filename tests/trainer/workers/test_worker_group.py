"""Trainings of several processes on this machine, beside one process that sees the same batches."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.fitting.small_trainings import (
    TRAININGS,
    command,
    finish_workers,
    read_trained,
    start_workers,
    train_here,
)
from trainer.workers.worker_group import WorkerGroup, read_tf_config


@pytest.mark.parametrize(
    ("kinds", "workers"),
    [
        pytest.param("search", 2, marks=pytest.mark.long),
        pytest.param(",".join(TRAININGS), 2, marks=pytest.mark.long),
        pytest.param(",".join(TRAININGS), 4, marks=pytest.mark.long),
    ],
)
def test_workers_train_as_one_does(kinds: str, workers: int, tmp_path: Path, tiny_bert: Path) -> None:
    folders = [tmp_path / f"worker {place}" for place in range(workers)]
    finish_workers(start_workers([command(kinds, folder, tiny_bert) for folder in folders]))
    for kind in kinds.split(","):
        one, together = train_here(kind, tmp_path / kind, tiny_bert), read_trained(folders[0] / kind)
        assert together.steps == one.steps, kind
        np.testing.assert_allclose(together.losses, one.losses, rtol=1e-4, atol=1e-4, err_msg=kind)
        for found, expected in zip(together.weights, one.weights, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3, err_msg=kind)


@pytest.mark.long
def test_a_worker_that_is_killed_and_comes_back_goes_on_from_the_last_checkpoint(
    tmp_path: Path, tiny_bert: Path
) -> None:
    kind = "towers"
    one = train_here(kind, tmp_path / "one", tiny_bert)
    shared, other = tmp_path / "shared", tmp_path / "other"
    # Checkpoints are the chief's.
    for folder in (shared, other):
        (folder / kind).mkdir(parents=True)
    (other / kind / "checkpoints").symlink_to(shared / kind / "checkpoints")
    first = start_workers([command(kind, shared, tiny_bert), command(kind, other, tiny_bert, die_after=8)])
    first[1].communicate(timeout=600)
    assert first[1].returncode == -signal.SIGKILL
    # The chief cannot go on alone, and says so or is ended.
    first[0].terminate()
    first[0].communicate(timeout=600)
    for folder in (shared, other):
        (folder / kind / "shop").rename(tmp_path / f"shop before of {folder.name}")
    finish_workers(start_workers([command(kind, folder, tiny_bert) for folder in (shared, other)]))
    together = read_trained(shared / kind)
    assert one.steps - 8 <= together.steps < one.steps
    np.testing.assert_allclose(together.losses, one.losses, rtol=1e-4, atol=1e-4)


def test_one_process_is_a_group_of_its_own() -> None:
    for text in ("", json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}), "{}"):
        assert read_tf_config({"TF_CONFIG": text}) == WorkerGroup()
    assert WorkerGroup().is_chief
    assert WorkerGroup().by_chief(np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "config",
    [
        "workers",
        "[]",
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "ps", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:1"], "ps": ["c:1"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker"}}',
    ],
)
def test_what_names_no_group_is_refused(config: str) -> None:
    with pytest.raises(ValueError, match="TF_CONFIG should name workers"):
        read_tf_config({"TF_CONFIG": config})
