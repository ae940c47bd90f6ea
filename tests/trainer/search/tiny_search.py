"""Writes the artifacts of a tiny shop whose queries are made-up names of kinds of products, as the components do."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from tests.trainer.recommendation.tiny_shop import example
from trainer.fitting.training_request import TrainingRequest
from trainer.options import TextOptions
from trainer.search.queries import JudgedQueries
from trainer.text.backbone import encode_texts, load_text_encoder

# What people call each kind has not a letter in common with what its products are called.
KINDS = {"milk": "12 b", "bread": "oz 牛", "tea": "kids c", "coffee": "奶 big"}
PRODUCTS_A_KIND = 6
PRODUCTS = len(KINDS) * PRODUCTS_A_KIND
ADDED = ["", "red", "small", "green", "d", "e", "a", "cheese", "apple", "cereal"]


class TinySearch(NamedTuple):
    """Where the artifacts lie, and the encoder that the vectors are of."""

    examples: Path
    catalogue: Path
    vectors: Path
    bert: Path

    def request(self, folder: Path, options_json: str, seed: int = 0, steps: int | None = None) -> TrainingRequest:
        """Returns a request that trains into `folder`."""
        return TrainingRequest(
            examples_uri=str(self.examples),
            catalogue_uri=str(self.catalogue),
            text_vectors_uri=str(self.vectors),
            options_json=options_json,
            steps=steps,
            seed=seed,
            model_uri=str(folder / "model"),
            log_uri=str(folder / "log"),
        )

    def text(self, training: str = "frozen") -> TextOptions:
        """Returns the options of the encoder."""
        return TextOptions(backbone=str(self.bert), training=training, lora_rank=4, sequence_length=12, batch_size=16)


def product_texts() -> list[str]:
    """The catalogue's texts; the last is that of the first again, and one is empty."""
    texts = [f"{kind} {letter}" for letter in "abcdef" for kind in KINDS]
    return [*texts, texts[0], ""]


def write_tiny_search(folder: Path, bert: Path) -> TinySearch:
    """Writes a shop of four kinds of products, each of which answers the queries of its kind."""
    shop = TinySearch(folder / "examples", folder / "catalogue", folder / "vectors", bert)
    for path in shop[:3]:
        path.mkdir(parents=True)
    texts = product_texts()
    ids = [f"p{place:02d}" for place in range(len(texts))]
    pq.write_table(pa.table({"product_id": ids, "text": texts}), shop.catalogue / "catalogue.parquet")
    (shop.catalogue / "catalogue.json").write_text(json.dumps({}))
    distinct = [text for text in dict.fromkeys(texts) if text]
    vectors = encode_texts(load_text_encoder(shop.text()), distinct, 16)
    table = pa.table({"text": distinct, "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
    pq.write_table(table, shop.vectors / "vectors-00000-of-00001.parquet")
    for split, endings in {"train": ADDED[:7], "eval": ADDED[7:], "test": ADDED[7:]}.items():
        target = shop.examples / f"Split-{split}"
        target.mkdir()
        with tf.io.TFRecordWriter(str(target / "data-00000-of-00001.gz"), "GZIP") as writer:
            for place, name in enumerate(KINDS.values()):
                for ending in endings:
                    writer.write(query_record(f"{name} {ending}".strip(), place))
    return shop


def query_record(query: str, kind: int) -> bytes:
    """One judged query: its kind answers it, two products of the next kind were judged not to."""
    answers = [kind + len(KINDS) * row for row in range(PRODUCTS_A_KIND)]
    wrong = [(kind + 1) % len(KINDS) + len(KINDS) * row for row in range(2)]
    return example(
        query=[query.encode()],
        product_index=answers + wrong,
        relevance=[1.0] * len(answers) + [0.0] * len(wrong),
        slice=[b"asked"],
        headline=[1],
    )


def judged(judgements: list[tuple[str, dict[int, float]]]) -> JudgedQueries:
    """Queries with the relevance of products."""
    return JudgedQueries(
        queries=[query for query, _ in judgements],
        offsets=np.cumsum([0, *(len(relevance) for _, relevance in judgements)]),
        products=np.array([product for _, relevance in judgements for product in relevance], np.int64),
        relevance=np.array([value for _, relevance in judgements for value in relevance.values()], np.float32),
        slices=["asked"] * len(judgements),
        headline=np.ones(len(judgements), bool),
    )
