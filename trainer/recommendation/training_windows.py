"""Streams the history windows that the towers learn from."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import split_files
from trainer.fitting.batches import EpochBatches
from trainer.privacy.batches import PoissonBatches, unit_numbers

SHUFFLE_BUFFER = 10_000
USER_ID = "user_id"
_INTEGERS = ("history_index", "history_type", "query_position", "target_index")
_FLOATS = ("gap_seconds", "target_weight")


class WindowCounts(NamedTuple):
    """What one pass over the windows finds.

    Attributes:
        windows: Number of windows.
        pairs: Number of (history, next product) pairs.
        targets: float64 `(products,)`; how often each product is a target.
        longest: Events of the longest window.
    """

    windows: int
    pairs: int
    targets: npt.NDArray[np.float64]
    longest: int


def parse_windows(serialized: Any) -> dict[str, Any]:
    """Parses serialized tf.Examples `(batch,)` into padded windows.

    Returns:
        `history_index`, `history_type` int32 `(batch, width)`, `gap_seconds` float32 `(batch, width)` and
        `history_length` int32 `(batch,)`; `query_position`, `target_index` int32 `(batch, targets)` and
        `target_weight` float32 `(batch, targets)`, which is 0 at padding. Padding stands at the end.
    """
    schema = {name: tf.io.RaggedFeature(tf.int64) for name in _INTEGERS}
    schema |= {name: tf.io.RaggedFeature(tf.float32) for name in _FLOATS}
    ragged = tf.io.parse_example(serialized, schema)
    windows = {name: tf.cast(ragged[name].to_tensor(), tf.int32) for name in _INTEGERS}
    windows |= {name: ragged[name].to_tensor() for name in _FLOATS}
    # A length and not a mask: Keras sums a first batch over the replicas, which booleans do not bear.
    windows["history_length"] = tf.cast(ragged["history_index"].row_lengths(), tf.int32)
    return windows


def count_windows(examples_uri: str, products: int) -> WindowCounts:
    """Reads the train split once and counts.

    Raises:
        ValueError: The split has no files, no windows, or names a product outside the catalogue.
    """
    targets = np.zeros(products, np.float64)
    windows = pairs = longest = 0
    dataset = tf.data.TFRecordDataset(split_files(examples_uri, "train"), "GZIP").batch(1024)
    for batch in dataset.map(parse_windows, num_parallel_calls=2).as_numpy_iterator():
        index = batch["target_index"][batch["target_weight"] > 0.0]
        if index.size and index.max() >= products:
            raise ValueError(
                f"{examples_uri} should be made with a catalogue of {products} products. It names product "
                f"{index.max()}: give the catalogue that the examples were made with."
            )
        targets += np.bincount(index, minlength=products)
        windows += len(batch["history_length"])
        pairs += index.size
        longest = max(longest, int(batch["history_length"].max(initial=0)))
    if not pairs:
        raise ValueError(
            f"{examples_uri} should hold histories with a next product to learn from. There is none in split `train`: "
            "give more events, or a later `test_start`."
        )
    return WindowCounts(windows, pairs, targets, longest)


def window_batches(examples_uri: str, batch_size: int, seed: int) -> EpochBatches:
    """Returns the shuffled batches of windows of each pass over the train split.

    The last batch, if smaller, is kept: every window is seen once a pass. To go on within a pass, what comes before is
    read once more, but not parsed.
    """
    files = split_files(examples_uri, "train")

    def epoch(number: int, first: int) -> tf.data.Dataset:
        order = int(np.random.default_rng([seed, number]).integers(2**31))
        records = tf.data.TFRecordDataset(files, "GZIP")
        shuffled = records.shuffle(SHUFFLE_BUFFER, seed=order, reshuffle_each_iteration=False)
        return shuffled.batch(batch_size).skip(first).map(parse_windows, num_parallel_calls=2).prefetch(4)

    return epoch


def private_windows(examples_uri: str, batch_size: int) -> PoissonBatches:
    """Returns what a private training draws: users with all of their windows, which are held in memory.

    Args:
        examples_uri: Examples whose windows are named.
        batch_size: Users of a batch on average.

    Raises:
        ValueError: Windows do not say whose they are.
    """
    records = list(tf.data.TFRecordDataset(split_files(examples_uri, "train"), "GZIP").as_numpy_iterator())
    schema = {USER_ID: tf.io.FixedLenFeature([], tf.string, "")}
    users = tf.io.parse_example(tf.constant(records), schema)[USER_ID].numpy()
    if (users == b"").any():
        raise ValueError(
            f"{examples_uri} should say whose each window is, which a private training has to know. It does not: make "
            "the examples with `named_windows`."
        )
    with tf.device("CPU:0"):
        held = tf.constant(records)
    return PoissonBatches(unit_numbers(users), batch_size, lambda rows: parse_windows(tf.gather(held, rows)))
