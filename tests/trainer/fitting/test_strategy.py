"""Strategies: one CPU here, and two virtual ones in a process of their own."""

import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from trainer.fitting.strategy import choose_precision, choose_strategy, chosen_hardware, precision_policy

ROOT = Path(__file__).parents[3]

TWO_CPUS = """
import json
import sys
from pathlib import Path
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
"""
TOWERS = """
from tests.trainer.recommendation.tiny_shop import write_tiny_shop
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.training import train
folder = Path(sys.argv[1])
shop = write_tiny_shop(folder / "shop")
options = TwoTowerOptions(
    tower=TowerOptions(dimensions=16, layers=1, heads=2, dropout=0.0, history=12),
    training=TrainingOptions(batch_size=16, max_epochs=4, learning_rate=1e-2),
)
summary = train(shop.request(folder, options.model_dump_json())).summary
print(*summary["hardware"]["devices"])
print(summary["eval"]["novel_ndcg_at_10"])
"""
TEXTS = """
from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
from tests.trainer.search.tiny_search import write_tiny_search
from trainer.classification.training import train_classifier
from trainer.fitting.training_summary import run_training
from trainer.search.options import SearchOptions, SearchTrainingOptions
from trainer.search.training import run
folder, bert = Path(sys.argv[1]), Path(sys.argv[2])
# At first the gradients of one device or the other overflow.
chosen = options(bert, "full", precision="mixed_float16")
texts = made_texts(240, 1), made_texts(60, 2)
print(train_classifier(LABELS, *texts, chosen, seed=0, log_uri=str(folder / "log")).summary["eval"]["accuracy"])
shop = write_tiny_search(folder / "shop", bert)
# One device gets a pair more than the other.
training = SearchTrainingOptions(
    batch_size=15, hard_negatives=2, mined_from=3, mined_to=12, learning_rate=3e-2, query_layers=0
)
run_training(run, shop.request(folder, SearchOptions(text=shop.text("frozen"), training=training).model_dump_json()))
print(json.loads((folder / "model" / "training.json").read_text())["eval"]["ndcg_at_10"])
"""


def printed(program: str, *arguments: Path) -> list[str]:
    """Returns the lines that a program prints on two virtual devices."""
    command = [sys.executable, "-c", TWO_CPUS + program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()


@pytest.mark.long
def test_two_devices_train_as_well_as_one(tmp_path: Path) -> None:
    devices, quality = printed(TOWERS, tmp_path)
    assert devices == "CPU:0 CPU:1"
    assert float(quality) > 0.7


@pytest.mark.long
def test_two_devices_train_one_model_after_the_other(tmp_path: Path, tiny_bert: Path) -> None:
    accuracy, ndcg = map(float, printed(TEXTS, tmp_path, tiny_bert))
    assert accuracy > 0.9
    assert ndcg > 0.9


def test_one_cpu_is_one_device() -> None:
    strategy = choose_strategy("cpu")
    assert strategy.num_replicas_in_sync == 1
    assert choose_precision("auto", strategy) == "float32"
    assert choose_precision("mixed_bfloat16", strategy) == "mixed_bfloat16"


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")
@pytest.mark.parametrize("kind", ["gpu", "tpu"])
def test_hardware_that_is_not_there_is_named(kind: str) -> None:
    with pytest.raises(ValueError, match=f"`strategy` is {kind}, and TensorFlow"):
        choose_strategy(kind)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, cpu, gpu or tpu"):
        choose_strategy("quantum")


def test_what_is_chosen_holds_inside_the_block_and_is_told() -> None:
    with chosen_hardware("cpu", "mixed_float16") as hardware:
        assert keras.config.dtype_policy().name == "mixed_float16"
        assert tf.distribute.has_strategy()
    assert not tf.distribute.has_strategy()
    assert hardware._asdict() == {"devices": ("CPU:0",), "precision": "mixed_float16", "workers": 1}
    assert hardware.replicas == 1


def test_the_precision_holds_inside_the_block_only() -> None:
    before = keras.config.dtype_policy().name
    with precision_policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == before
