"""The loss against NumPy."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.random_head import encoder_with_random_head
from tests.trainer.search.tiny_search import TinySearch
from trainer.search.encoder import SearchEncoder
from trainer.search.model import SearchModel
from trainer.search.options import SearchTrainingOptions
from trainer.search.tables import EncoderInputs
from trainer.text.backbone import load_text_encoder

QUERIES = ["milk a", "tea", "red apple b", "牛奶", "big"]
TEXTS = ["green milk", "bread c", "tea 12 oz", "coffee", "奶 茶", "cheese", "kids cereal"]
TEMPERATURE = 0.1


@pytest.fixture(scope="module")
def encoders(shop: TinySearch) -> dict[str, SearchEncoder]:
    """An encoder with a head that changes vectors, and one without."""
    text_encoder = load_text_encoder(shop.text())
    return {
        "head": encoder_with_random_head(text_encoder, TEXTS, seed=2),
        "whole": SearchEncoder(text_encoder, None),
    }


def model_of(encoder: SearchEncoder, kept: float = 0.0) -> SearchModel:
    inputs = EncoderInputs(encoder, 8)
    options = SearchTrainingOptions(temperature=TEMPERATURE, kept=kept)
    return SearchModel(encoder, inputs.table(QUERIES), inputs.table(TEXTS), options)


def batch_of(**changes: Any) -> dict[str, Any]:
    """Two pairs have the same text, query 2 is there twice, and some negatives answer a query of the batch."""
    batch = {
        "query": np.array([0, 2, 2, 4], np.int32),
        "text": np.array([1, 3, 5, 3], np.int32),
        "negatives": np.array([[2, 5], [0, 1], [6, 6], [3, 4]], np.int32),
        "relevant": np.array([[1, -1, -1], [3, 5, -1], [3, 5, -1], [3, 0, 6]], np.int32),
        "weight": np.array([1.0, 0.5, 0.75, 1.0], np.float32),
        "asked": np.array([True, False, True, False]),
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


@pytest.mark.parametrize("kind", ["head", "whole"])
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
    model = model_of(encoders["head"])
    told, untold = (
        float(model.softmax_loss(batch, training=False))
        for batch in (batch_of(), batch_of(relevant=np.full((4, 1), -1, np.int32)))
    )
    assert told < untold


def test_pairs_that_weigh_nothing_lose_nothing(encoders: dict[str, SearchEncoder]) -> None:
    batch = batch_of(weight=np.zeros(4, np.float32))
    assert float(model_of(encoders["head"]).softmax_loss(batch, training=False)) == 0.0


def plain_softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores.astype(np.float64) / TEMPERATURE)
    return exponentials / exponentials.sum()


def test_what_is_learned_of_made_queries_is_held_near_the_similarities_by_bert(
    encoders: dict[str, SearchEncoder],
) -> None:
    encoder, batch = encoders["head"], batch_of()
    bert = SearchEncoder(encoder.text_encoder, None)
    shown = [*batch["text"].numpy(), *batch["negatives"].numpy().ravel()]
    rows = batch["query"].numpy()
    by_bert, by_head = (each.embed(QUERIES, 8)[rows] @ each.embed(TEXTS, 8)[shown].T for each in (bert, encoder))
    divergences = [
        0.0 if asked else np.sum(plain_softmax(before) * np.log(plain_softmax(before) / plain_softmax(now)))
        for before, now, asked in zip(by_bert, by_head, batch["asked"].numpy(), strict=True)
    ]
    mean = np.average(divergences, weights=batch["weight"].numpy())
    assert mean > 1e-3
    loss = float(model_of(encoder, kept=3.0).softmax_loss(batch, training=False))
    assert loss == pytest.approx(plain_loss(encoder, batch) + 3.0 * mean, rel=1e-4)


def test_a_bert_that_is_trained_itself_is_held_near_nothing(encoders: dict[str, SearchEncoder]) -> None:
    free, held = (
        float(model_of(encoders["whole"], kept).softmax_loss(batch_of(), training=False)) for kept in (0.0, 3.0)
    )
    assert free == held
