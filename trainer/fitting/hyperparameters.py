"""What TensorBoard's HParams table shows: a training's options beside what it came to."""

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hp

from trainer.fitting.fit import BestEpoch
from trainer.options import Options

METRIC_PREFIX = "best_epoch/"


def flatten_options(options: Options) -> dict[str, bool | int | float | str]:
    """Names each option by the path to it, such as `training.batch_size`.

    A group that is None (texts, where they are off) becomes `off`, a list of names one text.
    """
    return dict(_flatten(options.model_dump(mode="json"), ""))


def write_hyperparameters(log_uri: str, options: Options, seed: int, best: BestEpoch) -> None:
    """Writes one row of the HParams table: an event file right in `log_uri`.

    Args:
        log_uri: A run's folder of logs.
        options: How it was trained.
        seed: Likewise.
        best: The epoch whose weights are kept. Its loss and metrics become scalars `best_epoch/NAME`, with its number
            from 0, as Keras counts.
    """
    with tf.summary.create_file_writer(log_uri).as_default():
        # Rows of one trial are averaged. What trial a training is, is told by its folder and not by its options:
        # those may stay while the data change.
        hp.hparams({**flatten_options(options), "seed": seed}, trial_id=log_uri)
        for name, value in best.logged.items():
            tf.summary.scalar(METRIC_PREFIX + name, value, step=best.number - 1)


def _flatten(value: Any, path: str) -> Iterator[tuple[str, bool | int | float | str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield path, ", ".join(str(inner) for inner in value)
    else:
        yield path, "off" if value is None else value
