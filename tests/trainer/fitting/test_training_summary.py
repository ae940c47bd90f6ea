"""What a training says of itself."""

import json
import time
from pathlib import Path

from trainer.fitting.fit import BestEpoch
from trainer.fitting.strategy import Hardware
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import read_training_summary, run_training, training_summary

BEST = BestEpoch(number=2, epochs=3, loss=0.5, metrics={"ndcg_at_10": 0.25})
HARDWARE = Hardware(("GPU:0", "GPU:1"), "mixed_float16")


def test_the_best_epoch_the_hardware_and_details_are_told() -> None:
    summary = training_summary(BEST, HARDWARE, time.monotonic() - 2.0, parameters=7)
    assert 2.0 <= summary.pop("seconds") < 60.0
    assert summary == {
        "epochs": 3,
        "best_epoch": 2,
        "eval": {"ndcg_at_10": 0.25},
        "parameters": 7,
        "hardware": {"devices": ("GPU:0", "GPU:1"), "precision": "mixed_float16", "workers": 1},
    }


def test_what_a_training_says_is_kept_beside_its_model(tmp_path: Path) -> None:
    request = TrainingRequest(
        examples_uri="", options_json='{"a": "店"}', seed=3, model_uri=str(tmp_path), log_uri=str(tmp_path / "log")
    )
    run_training(lambda asked: {"options": json.loads(asked.options_json), "seed": asked.seed}, request)
    assert read_training_summary(str(tmp_path)) == {"options": {"a": "店"}, "seed": 3}
    assert json.loads((tmp_path / "training.json").read_text("utf-8")) == {"options": {"a": "店"}, "seed": 3}
