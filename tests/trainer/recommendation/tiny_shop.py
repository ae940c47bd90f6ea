"""Writes the artifacts of a tiny shop whose shoppers like one kind of product each, as the components write them."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from trainer.fitting.training_request import TrainingRequest

KINDS = ("milk", "bread", "tea", "coffee")
PRODUCTS_A_KIND = 6
PRODUCTS = len(KINDS) * PRODUCTS_A_KIND
EVENTS = 12
DAY = 86_400


class TinyShop(NamedTuple):
    """Where the artifacts lie."""

    examples: Path
    catalogue: Path
    transformed: Path
    vectors: Path

    def request(self, folder: Path, options_json: str, seed: int = 0, text: bool = True) -> TrainingRequest:
        """Returns a request that trains into `folder`."""
        return TrainingRequest(
            examples_uri=str(self.examples),
            catalogue_uri=str(self.catalogue),
            transformed_products_uri=str(self.transformed),
            text_vectors_uri=str(self.vectors) if text else None,
            options_json=options_json,
            seed=seed,
            model_uri=str(folder / "model"),
            log_uri=str(folder / "log"),
        )


def product_kind(index: np.ndarray) -> np.ndarray:
    """Returns each product's kind; kinds lie interleaved, so that an index tells nothing."""
    return np.asarray(index) % len(KINDS)


def write_tiny_shop(folder: Path, users: int = 80, seed: int = 0) -> TinyShop:
    """Writes a shop of 24 products in 4 kinds, of which each user buys one kind, one product a day."""
    generator = np.random.default_rng(seed)
    shop = TinyShop(folder / "examples", folder / "catalogue", folder / "transformed", folder / "vectors")
    for path in shop:
        path.mkdir(parents=True)
    texts = [f"{KINDS[index % len(KINDS)]} {'abcde'[index % 5]}" for index in range(PRODUCTS)]
    _write_catalogue(shop.catalogue, texts)
    _write_vectors(shop.vectors, texts, generator)
    _write_transformed(shop.transformed / "Split-all")
    windows, judged = [], {"eval": [], "test": []}
    for user in range(users):
        kind = user % len(KINDS)
        events = np.concatenate([generator.permutation(PRODUCTS_A_KIND) for _ in range(2)]) * len(KINDS) + kind
        windows.append(_window(events))
        for split in judged:
            shown = generator.permutation(PRODUCTS_A_KIND) * len(KINDS) + kind
            judged[split].append(_judged(user, shown[:4], shown[4:]))
    _write_records(shop.examples / "Split-train", windows)
    for split, records in judged.items():
        _write_records(shop.examples / f"Split-{split}", records)
    return shop


def _write_catalogue(folder: Path, texts: list[str]) -> None:
    count = len(texts)
    table = pa.table(
        {
            "product_id": [f"p{index:02d}" for index in range(count)],
            "title": texts,
            "category": [text.split()[0] for text in texts],
            "text": texts,
            "event_count": pa.array([10 + index for index in range(count)], pa.int64()),
            "popularity": pa.array([10.0 + index for index in range(count)], pa.float64()),
        }
    )
    pq.write_table(table, folder / "catalogue.parquet")
    popularity = table["popularity"].cast(pa.float32())
    statistics = ("total", "decayed", "recent", "latest", "buyers", "repeat_buyers")
    moments = {f"{name}_{moment}": popularity for moment in range(2) for name in statistics}
    pq.write_table(pa.table(moments), folder / "product_statistics.parquet")
    facts = {"event_types": ["view", "purchase"], "event_weights": [1.0, 1.0], "bought_event_type": "purchase"}
    (folder / "catalogue.json").write_text(json.dumps(facts))


def _write_vectors(folder: Path, texts: list[str], generator: np.random.Generator) -> None:
    distinct = sorted(set(texts))
    vectors = generator.normal(size=(len(distinct), 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = pa.table({"text": distinct, "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
    pq.write_table(table, folder / "vectors-00000-of-00001.parquet")


def _write_transformed(folder: Path) -> None:
    """Writes products as Transform does: a list of one value in each column; here in reverse order."""
    folder.mkdir()
    order = list(reversed(range(PRODUCTS)))
    table = pa.table(
        {
            "product_id": pa.array([[f"p{i:02d}".encode()] for i in order], pa.large_list(pa.large_binary())),
            "price_xf": pa.array([[float(i)] for i in order], pa.large_list(pa.float32())),
            "category_index": pa.array([[1 + i % len(KINDS)] for i in order], pa.large_list(pa.int64())),
        }
    )
    pq.write_table(table, folder / "transformed_examples-00000-of-00001.parquet")


def _window(events: np.ndarray) -> bytes:
    positions = np.arange(len(events) - 1)
    return example(
        history_index=events[:-1],
        history_type=np.ones(len(positions), int),
        gap_seconds=np.full(len(positions), float(DAY)),
        query_position=positions,
        target_index=events[1:],
        target_weight=np.ones(len(positions), float),
    )


def _judged(user: int, history: np.ndarray, targets: np.ndarray) -> bytes:
    return example(
        user_id=[f"user {user:03d}".encode()],
        history_index=history,
        history_type=np.ones(len(history), int),
        history_time=np.arange(len(history)) * DAY,
        query_time=[len(history) * DAY],
        target_index=targets,
        attribute_income=[b"high" if user % 2 else b"low"],
    )


def example(**features: object) -> bytes:
    """Serializes a tf.Example; bytes, floats and integers go by the type of the first value."""
    built = {}
    for name, values in features.items():
        array = values if isinstance(values, list) else list(np.asarray(values).tolist())
        if array and isinstance(array[0], bytes):
            built[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=array))
        elif array and isinstance(array[0], float):
            built[name] = tf.train.Feature(float_list=tf.train.FloatList(value=array))
        else:
            built[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=array))
    return tf.train.Example(features=tf.train.Features(feature=built)).SerializeToString()


def _write_records(folder: Path, records: list[bytes]) -> None:
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "data-00000-of-00001.gz"), "GZIP") as writer:
        for record in records:
            writer.write(record)
