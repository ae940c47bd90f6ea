"""Which of two towers a run serves, and what it says of that."""

import logging
from pathlib import Path

import numpy as np
import pytest

from components.search.tower_choice import choose_tower, tower_notes
from serving.graph.text_embedder import TextEmbedder
from tests.serving.search.search_shop import DENSE, PlainSearch, small_search_encoder
from tests.trainer.search.tiny_search import judged
from trainer.search.encoder import text_embedder
from trainer.search.queries import JudgedQueries

ASKED = range(7, 27)


@pytest.fixture(scope="module")
def shop(tiny_bert: Path) -> PlainSearch:
    return PlainSearch(small_search_encoder(tiny_bert))


def queries(shop: PlainSearch) -> JudgedQueries:
    """Each asks for one product by its text, and by its text alone."""
    return judged([(shop.texts[place], {place: 1.0}) for place in ASKED])


def ndcg_by_hand(shop: PlainSearch) -> float:
    gains = []
    for place in ASKED:
        scores = shop.dense(shop.texts[place])
        rank = int((scores > scores[place]).sum())
        gains.append(1.0 / np.log2(rank + 2) if rank < 10 else 0.0)
    return float(np.mean(gains))


def opposite(full: TextEmbedder) -> TextEmbedder:
    """Embeds texts as the very opposite of what they are."""
    return TextEmbedder(lambda texts: (-full.embed(texts)[0], full.embed(texts)[1]), full.variables)


def test_one_that_loses_nothing_is_served(shop: PlainSearch, caplog: pytest.LogCaptureFixture) -> None:
    full = shop.module(DENSE)
    with caplog.at_level(logging.INFO):
        choice = choose_tower(shop.module(DENSE), full, queries(shop), 0.5, 0.02)
    assert choice.is_served
    assert choice.note is None
    assert choice.ndcg_at_10 == choice.full_ndcg_at_10 == pytest.approx(ndcg_by_hand(shop), abs=1e-6)
    assert "taught tower" in caplog.text
    assert not tower_notes({"query_tower": choice._asdict()})


def test_one_that_loses_too_much_is_not(shop: PlainSearch, caplog: pytest.LogCaptureFixture) -> None:
    embedder = text_embedder(shop.encoder)
    full, taught = shop.module(DENSE, embedder), shop.module(DENSE, opposite(embedder))
    choice = choose_tower(taught, full, queries(shop), 0.5, 0.02)
    assert not choice.is_served
    assert choice.ndcg_at_10 is not None
    assert choice.full_ndcg_at_10 is not None
    assert choice.ndcg_at_10 < 0.9 * choice.full_ndcg_at_10
    assert f"{choice.ndcg_at_10:.4f}" in str(choice.note)
    assert f"{choice.full_ndcg_at_10:.4f}" in str(choice.note)
    assert str(choice.note) in caplog.text
    assert tower_notes({"query_tower": choice._asdict()}) == [choice.note]
    # The same where it may lose all.
    assert choose_tower(taught, full, queries(shop), 0.5, 1.0).is_served


def test_without_a_query_that_has_an_answer_the_taught_one_is_served(shop: PlainSearch) -> None:
    module = shop.module(DENSE)
    choice = choose_tower(module, module, judged([("red milk", {7: 0.1})]), 0.5, 0.02)
    assert choice == (None, None, True, None)
    assert tower_notes({"query_tower": None}) == tower_notes({}) == []
