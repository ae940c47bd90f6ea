"""The loss against NumPy."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.search.tiny_search import TinySearch
from trainer.backbone import encode_texts, load_text_encoder
from trainer.search.encoder import SearchEncoder, residual_projection
from trainer.search.model import SearchModel

QUERIES = ["milk a", "tea", "red apple b", "牛奶", "big"]
TEXTS = ["green milk", "bread c", "tea 12 oz", "coffee", "奶 茶", "cheese", "kids cereal"]
TEMPERATURE = 0.1


@pytest.fixture(scope="module")
def encoders(shop: TinySearch) -> dict[str, SearchEncoder]:
    """An encoder with a projection that changes vectors, and one without."""
    text_encoder = load_text_encoder(shop.text())
    projection = residual_projection(16)
    kernel = np.random.default_rng(2).normal(size=(16, 16)).astype(np.float32)
    projection.get_layer("change").set_weights([kernel])
    return {"projection": SearchEncoder(text_encoder, projection), "whole": SearchEncoder(text_encoder, None)}


def model_of(encoder: SearchEncoder) -> SearchModel:
    if encoder.projection is None:
        tables = [encoder.text_encoder.token_ids(tf.constant(texts)) for texts in (QUERIES, TEXTS)]
    else:
        tables = [tf.constant(encode_texts(encoder.text_encoder, texts, 8)) for texts in (QUERIES, TEXTS)]
    return SearchModel(encoder, tables[0], tables[1], TEMPERATURE)


def batch_of(**changes: Any) -> dict[str, Any]:
    """Two pairs have the same text, query 2 is there twice, and some negatives answer a query of the batch."""
    batch = {
        "query": np.array([0, 2, 2, 4], np.int32),
        "text": np.array([1, 3, 5, 3], np.int32),
        "negatives": np.array([[2, 5], [0, 1], [6, 6], [3, 4]], np.int32),
        "relevant": np.array([[1, -1, -1], [3, 5, -1], [3, 5, -1], [3, 0, 6]], np.int32),
        "weight": np.array([1.0, 0.5, 0.75, 1.0], np.float32),
    }
    return {name: tf.constant(value) for name, value in {**batch, **changes}.items()}


def plain_loss(encoder: SearchEncoder, batch: dict[str, Any]) -> float:
    """The formula, one pair at a time."""
    queries, texts = encoder.embed(QUERIES, 8), encoder.embed(TEXTS, 8)
    plain = {name: value.numpy() for name, value in batch.items()}
    shown = [*plain["text"], *plain["negatives"].ravel()]
    losses = []
    for place, (query, text) in enumerate(zip(plain["query"], plain["text"], strict=True)):
        compared = [
            other for position, other in enumerate(shown) if position == place or other not in plain["relevant"][place]
        ]
        exponentials = np.exp(texts[compared].astype(np.float64) @ queries[query] / TEMPERATURE)
        losses.append(-np.log(np.exp(texts[text] @ queries[query] / TEMPERATURE) / exponentials.sum()))
    return float(np.average(losses, weights=plain["weight"]))


@pytest.mark.parametrize("kind", ["projection", "whole"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"negatives": np.zeros((4, 0), np.int32)},
        {"relevant": np.array([[1], [3], [5], [3]], np.int32)},
        {"relevant": np.full((4, 1), -1, np.int32)},
    ],
    ids=["answers", "without negatives", "own answers", "without answers"],
)
def test_the_loss_leaves_other_answers_out(
    encoders: dict[str, SearchEncoder], kind: str, changes: dict[str, Any]
) -> None:
    batch = batch_of(**changes)
    loss = model_of(encoders[kind]).softmax_loss(batch, training=False)
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(plain_loss(encoders[kind], batch), rel=1e-4)


def test_answers_change_the_loss(encoders: dict[str, SearchEncoder]) -> None:
    model = model_of(encoders["projection"])
    told, untold = (
        float(model.softmax_loss(batch, training=False))
        for batch in (batch_of(), batch_of(relevant=np.full((4, 1), -1, np.int32)))
    )
    assert told < untold


def test_pairs_that_weigh_nothing_lose_nothing(encoders: dict[str, SearchEncoder]) -> None:
    batch = batch_of(weight=np.zeros(4, np.float32))
    assert float(model_of(encoders["projection"]).softmax_loss(batch, training=False)) == 0.0
