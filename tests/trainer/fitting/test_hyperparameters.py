"""Options flattened for the HParams table, and the table read back."""

from pathlib import Path

import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from trainer.fitting.fit import BestEpoch
from trainer.fitting.hyperparameters import flatten_options, write_hyperparameters
from trainer.options import TextOptions
from trainer.recommendation.options import TowerOptions, TwoTowerOptions


def test_options_are_named_by_their_path() -> None:
    options = TwoTowerOptions(text=TextOptions(fields=("title", "brand")), tower=TowerOptions(dimensions=16))
    flat = flatten_options(options)
    assert flat["text.fields"] == "title, brand"
    assert flat["tower.dimensions"] == 16
    assert flat["tower.id_embedding"] is True
    assert flat["training.learning_rate"] == options.training.learning_rate
    groups = (options.text, options.tower, options.training, options.update, options.privacy)
    # A group that is off is one option.
    assert len(flat) == sum(1 if group is None else len(type(group).model_fields) for group in groups)
    assert flatten_options(TwoTowerOptions(text=None))["text"] == "off"


def test_a_row_holds_options_and_metrics(tmp_path: Path) -> None:
    options = TwoTowerOptions(text=None, tower=TowerOptions(dropout=0.25))
    best = BestEpoch(number=5, epochs=7, loss=3.0, metrics={"ndcg_at_10": 0.25})
    write_hyperparameters(str(tmp_path), options, 7, best)
    events = EventAccumulator(str(tmp_path)).Reload()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    read = {name: getattr(value, value.WhichOneof("kind")) for name, value in hparams.items()}
    assert read == {**flatten_options(options), "seed": 7}
    written = {tag: events.Tensors(tag)[0] for tag in events.Tags()["tensors"] if tag.startswith("best_epoch/")}
    assert {tag: float(tf.make_ndarray(tensor.tensor_proto)) for tag, tensor in written.items()} == {
        "best_epoch/eval_ndcg_at_10": 0.25,
        "best_epoch/loss": 3.0,
    }
    assert {tensor.step for tensor in written.values()} == {4}
