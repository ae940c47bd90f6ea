"""What training changes in the backbone: all of it, or LoRA's update alone; on one device and on two."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trainer.text.trained_backbone import train_backbone

ROOT = Path(__file__).parents[3]


def check(training: str, found: dict[str, list[str]]) -> None:
    if training == "full":
        assert found["new"] == []
        # A key's bias shifts all scores of a query alike, and the pooled vector is never read.
        still = [path for path in found["kept"] if "key/bias" not in path and "pooled_dense" not in path]
        assert [path for path in still if "segment_embedding" not in path] == []
        assert len(found["changed"]) > 20
    else:
        # Two layers with two matrices each, whose update is a product of two.
        assert len(found["new"]) == 8, found["new"]
        assert all("lora_kernel" in path and "feedforward" in path for path in found["new"])
        assert all(path.endswith(("bias", "gamma", "beta")) for path in found["changed"]), found["changed"]


@pytest.mark.long
@pytest.mark.parametrize("training", ["lora", "full"])
def test_one_device_trains_what_the_option_says(training: str, tiny_bert: Path, tmp_path: Path) -> None:
    check(training, train_backbone(training, tiny_bert, tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("training", ["lora", "full"])
def test_two_devices_train_what_the_option_says(training: str, tiny_bert: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.trainer.text.trained_backbone", training, str(tiny_bert), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "changes.json").read_text())
    assert found.pop("replicas") == 2
    check(training, found)
