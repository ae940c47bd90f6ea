"""Trains a backbone on a tiny shop and tells which of its weights have changed."""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.trainer.recommendation.tiny_shop import write_tiny_shop
from trainer.fitting.strategy import choose_strategy
from trainer.options import TextOptions
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.training import train
from trainer.text.backbone import load_text_encoder


def train_backbone(training: str, backbone: Path, folder: Path) -> dict[str, list[str]]:
    """Trains one epoch; returns the names of weights by what became of them: new, changed and kept."""
    text = TextOptions(backbone=str(backbone), training=training, lora_rank=2, sequence_length=8)
    options = TwoTowerOptions(
        text=text,
        tower=TowerOptions(dimensions=16, layers=1, heads=2, dropout=0.0, history=12),
        training=TrainingOptions(batch_size=4, max_epochs=1, learning_rate=1e-2),
    )
    shop = write_tiny_shop(folder / "shop", users=16)
    towers = train(shop.request(folder, options.model_dump_json(), text=False)).towers
    before = {weight.path: np.asarray(weight) for weight in load_text_encoder(text).backbone.weights}
    found: dict[str, list[str]] = {"new": [], "changed": [], "kept": []}
    for weight in towers.text_encoder.backbone.weights:
        value = np.asarray(weight)
        if weight.path not in before:
            # A LoRA update is a product of two matrices, of which one is 0 at first.
            kind = "new" if np.abs(value).max() > 0.0 else "kept"
        else:
            kind = "changed" if np.abs(value - before[weight.path]).max() > 1e-6 else "kept"
        found[kind].append(weight.path)
    return found


if __name__ == "__main__":
    cpus = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
    changes = train_backbone(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    replicas = choose_strategy("auto").num_replicas_in_sync
    (Path(sys.argv[3]) / "changes.json").write_text(json.dumps({**changes, "replicas": replicas}))
