"""A random little shop with test users, and a served model whose answers are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from components.products.catalogue import write_catalogue, write_catalogue_facts

EVENT_TYPES = ["view", "purchase"]
EVENT_WEIGHTS = [0.5, 1.0]
TEST_START = 1_700_000_000
WEEK_SECONDS = 7 * 24 * 3600
OLD_SECONDS = 30 * 24 * 3600


@dataclass
class User:
    """One test user: history rows are (product, type, time), oldest first."""

    history: list[tuple[int, int, int]]
    query_time: int
    targets: list[int]
    attributes: dict[str, str]


def random_users(count: int, products: int, seed: int, longest: int = 14) -> list[User]:
    """Draws users; every third has an empty or a very short history."""
    generator = np.random.default_rng(seed)
    users = []
    for number in range(count):
        length = int(generator.integers(0, 3 if number % 3 == 0 else longest))
        times = np.sort(TEST_START - generator.integers(1, 10 * WEEK_SECONDS, size=length))
        history = [(int(generator.integers(products)), int(generator.integers(2)), int(time)) for time in times]
        targets = generator.choice(products, size=int(generator.integers(1, 6)), replace=False)
        users.append(
            User(
                history,
                TEST_START + int(generator.integers(1, WEEK_SECONDS)),
                sorted(targets.tolist()),
                {"segment": "old"} if number % 2 else {},
            )
        )
    return users


def product_ids(products: int) -> list[str]:
    """Ids in byte order, with characters that need care."""
    return [f"p{number:03d} /\n苹果" for number in range(products)]


def random_catalogue(products: int, seed: int) -> pa.Table:
    """The columns that the evaluation reads; popularity has ties, and some products have no category."""
    generator = np.random.default_rng(seed)
    return pa.table(
        {
            "product_id": product_ids(products),
            "popularity": generator.integers(0, 9, size=products).astype(np.float64),
            "decayed_popularity": generator.random(products),
            "brand": [f"brand {product % 3}" for product in range(products)],
            "event_count": [product + 1 for product in range(products)],
            "category": generator.choice(["", "Home > Kitchen", "Home"], size=products).tolist(),
        }
    )


def write_shop(folder: Path, catalogue: pa.Table, users: list[User]) -> tuple[str, str]:
    """Writes a catalogue and the test split; returns the uris of both artifacts."""
    catalogue_uri, examples_uri = folder / "catalogue", folder / "examples"
    catalogue_uri.mkdir()
    (examples_uri / "Split-test").mkdir(parents=True)
    write_catalogue(str(catalogue_uri), catalogue)
    write_catalogue_facts(str(catalogue_uri), {**description(), "examples": {"test": len(users)}})
    shards = [users[::2], users[1::2]]
    for number, shard in enumerate(shards):
        path = examples_uri / "Split-test" / f"data_tfrecord-{number:05d}-of-{len(shards):05d}.gz"
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
            for place, user in enumerate(shard):
                writer.write(serialize(user, f"user {number} {place}"))
    return str(catalogue_uri), str(examples_uri)


def description() -> dict:
    """What the evaluation reads of `catalogue.json`."""
    return {
        "event_types": EVENT_TYPES,
        "event_weights": EVENT_WEIGHTS,
        "bought_event_type": "purchase",
        "exposure_columns": ["brand"],
        "has_timestamps": True,
        "test_start": TEST_START,
    }


def serialize(user: User, user_id: str) -> bytes:
    """Writes a user as RecommendationExamples does."""
    product, event_type, time = zip(*user.history, strict=True) if user.history else ((), (), ())
    numbers = {
        "history_index": product,
        "history_type": event_type,
        "history_time": time,
        "query_time": [user.query_time],
        "target_index": user.targets,
    }
    feature = {name: tf.train.Feature(int64_list=tf.train.Int64List(value=v)) for name, v in numbers.items()}
    texts = {"user_id": user_id} | {f"attribute_{name}": value for name, value in user.attributes.items()}
    for name, text in texts.items():
        feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def checkerboard_lists(user: User, products: int, history_length: int, *, novel: bool) -> list[int]:
    """What `CheckerboardModel` answers for a user, worked out in plain Python.

    Users whose last event lies on an even product are shown the even products first, in order of number, then the
    odd ones; it is the other way about for an odd product, and turned round again if the event is a month old.
    """
    if not user.history:
        return list(range(products))
    last, _, time = user.history[-1]
    parity = (last + (user.query_time - time > OLD_SECONDS)) % 2
    seen = {product for product, event_type, _ in user.history[-history_length:] if event_type == 1}
    shown = [product for product in range(products) if not (novel and product in seen)]
    return sorted(shown, key=lambda product: (product % 2 != parity, product))


class CheckerboardModel(tf.Module):
    """A served model with the signature `filtered` and a known answer; see `checkerboard_lists`."""

    def __init__(self, ids: list[str], history_length: int, *, reverse: bool = False) -> None:
        super().__init__()
        self._ids = tf.constant(ids)
        self._sign = -1.0 if reverse else 1.0
        self.history_length = history_length

    def save(self, folder: Path) -> None:
        """Writes the SavedModel."""
        text = [None, self.history_length]
        signature = tf.function(self.filtered).get_concrete_function(
            history_ids=tf.TensorSpec(text, tf.string, "history_ids"),
            history_types=tf.TensorSpec(text, tf.string, "history_types"),
            history_age_seconds=tf.TensorSpec(text, tf.float32, "history_age_seconds"),
            k=tf.TensorSpec([None], tf.int32, "k"),
            category=tf.TensorSpec([None], tf.string, "category"),
            max_price=tf.TensorSpec([None], tf.float32, "max_price"),
            in_stock_only=tf.TensorSpec([None], tf.bool, "in_stock_only"),
            exclude_ids=tf.TensorSpec([None, 7], tf.string, "exclude_ids"),
            include_bought=tf.TensorSpec([None], tf.bool, "include_bought"),
        )
        tf.saved_model.save(self, str(folder), signatures={"filtered": signature})

    def filtered(
        self,
        history_ids,
        history_types,
        history_age_seconds,
        k,
        category,
        max_price,
        in_stock_only,
        exclude_ids,
        include_bought,
    ):
        """Answers by the checkerboard, as wide as the largest k."""
        products = tf.size(self._ids)
        present = history_ids != ""
        count = tf.reduce_sum(tf.cast(present, tf.int32), axis=1)
        last = tf.maximum(count - 1, 0)
        matches = history_ids[:, :, None] == self._ids
        index = tf.argmax(tf.cast(tf.gather(matches, last, batch_dims=1), tf.int32), axis=1, output_type=tf.int32)
        age = tf.gather(history_age_seconds, last, batch_dims=1)
        parity = (index + tf.cast(age > OLD_SECONDS, tf.int32)) % 2
        same = (tf.range(products) % 2)[None, :] == parity[:, None]
        scores = self._sign * (
            tf.cast(same & (count > 0)[:, None], tf.float32) - tf.cast(tf.range(products), tf.float32) / 1e4
        )
        bought = tf.reduce_any(matches & (history_types == "purchase")[:, :, None], axis=1)
        scores = tf.where(bought & ~include_bought[:, None], -float("inf"), scores)
        top, places = tf.math.top_k(scores, tf.minimum(tf.reduce_max(k), products))
        kept = (tf.range(tf.shape(top)[1]) < k[:, None]) & tf.math.is_finite(top)
        return {
            "product_ids": tf.where(kept, tf.gather(self._ids, places), ""),
            "scores": tf.where(kept, top, -float("inf")),
        }


class CheckerboardComparison(tf.Module):
    """Models that are compared, with the signature `compare`."""

    def __init__(self, models: dict[str, CheckerboardModel]) -> None:
        super().__init__()
        self._compared = models

    def save(self, folder: Path) -> None:
        """Writes the SavedModel."""
        text = [None, next(iter(self._compared.values())).history_length]
        signature = tf.function(self.compare).get_concrete_function(
            history_ids=tf.TensorSpec(text, tf.string, "history_ids"),
            history_types=tf.TensorSpec(text, tf.string, "history_types"),
            history_age_seconds=tf.TensorSpec(text, tf.float32, "history_age_seconds"),
            k=tf.TensorSpec([None], tf.int32, "k"),
            novel_k=tf.TensorSpec([None], tf.int32, "novel_k"),
        )
        tf.saved_model.save(self, str(folder), signatures={"compare": signature})

    def compare(self, history_ids, history_types, history_age_seconds, k, novel_k):
        """Answers what each of the models does."""
        history, rows = (history_ids, history_types, history_age_seconds), tf.fill(tf.shape(k), False)
        no_filters = (tf.fill(tf.shape(k), ""), tf.zeros(tf.shape(k)), rows, tf.fill([tf.size(k), 7], ""))
        return {
            f"{name}.{output}": model.filtered(*history, width, *no_filters, include_bought)["product_ids"]
            for name, model in self._compared.items()
            for output, width, include_bought in (
                ("product_ids", k, ~rows),
                ("novel_product_ids", novel_k, rows),
            )
        }
