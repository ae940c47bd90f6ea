"""What users chose is learned from, and comes back from files and from a SavedModel."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from serving.graph.warm_up_file import EXTRA_ASSETS_FOLDER
from serving.search.module import SearchModule
from serving.search.personal.reranking import PersonalModel
from serving.signature_names import FILTERED, PERSONAL
from tests.serving.recommendation.small_shop import Ask, history_inputs
from tests.serving.search.search_shop import (
    BOTH,
    COLOURS,
    DEFAULT_K,
    KINDS,
    PlainSearch,
    Search,
    search_inputs,
    searched_catalogue,
)
from trainer.search.export import export_search
from trainer.search.index.build import build_module
from trainer.search.options import PersonalOptions, SearchServingOptions
from trainer.search.personal.asked_queries import asked_queries
from trainer.search.personal.examples import AskedExample
from trainer.search.personal.files import load_reranker
from trainer.search.personal.training import LearnedReranker, learn_reranker

TYPES = ("view", "purchase")
HISTORY = 8
OPTIONS = PersonalOptions(
    history_length=HISTORY, min_examples=50, networks=1, units=16, max_epochs=8, batch_size=16, learning_rate=1e-2
)


def shop() -> pa.Table:
    """The searched shop, whose brands are the colours."""
    catalogue = searched_catalogue()
    brands = [next((colour for colour in COLOURS if colour in title), None) for title in catalogue["title"].to_pylist()]
    return catalogue.append_column("brand", pa.array(brands, pa.string())).append_column(
        "rating", pa.nulls(len(catalogue), pa.float32())
    )


def tasteful_examples(catalogue: pa.Table, users: int) -> list[AskedExample]:
    """Users who like one colour, ask for kinds, and choose what has their colour."""
    random = np.random.default_rng(2)
    titles = catalogue["title"].to_pylist()
    examples = []
    for user in range(users):
        colour, kind = random.choice(COLOURS), random.choice(KINDS)
        liked = [place for place, title in enumerate(titles) if colour in title]
        chosen = [place for place in liked if kind in titles[place]] or liked
        past = random.choice(liked, 3)
        examples.append(
            AskedExample(
                str(kind).lower(),
                past.astype(np.int64),
                np.ones(3, np.int64),
                np.array([3e5, 2e5, 1e5], np.float32),
                np.array(chosen[:1], np.int64),
                np.ones(1, np.float32),
                user % 10,
            )
        )
    return examples


def build(search: PlainSearch, catalogue: pa.Table, personal: PersonalModel) -> SearchModule:
    plain = search.module(BOTH)
    return build_module(
        catalogue,
        embedder=plain.embedder,
        index=plain_index(search),
        postings=postings(search),
        known_words=plain.known_words.numpy(),
        groups=search.groups,
        fusion=BOTH,
        options=SearchServingOptions(default_k=DEFAULT_K),
        personal=personal,
    )


def plain_index(search: PlainSearch) -> Any:
    from serving.index.exact import ExactIndex

    return ExactIndex(search.vectors)


def postings(search: PlainSearch) -> Any:
    from trainer.search.index.postings import build_postings
    from trainer.search.options import LexicalOptions

    return build_postings(search.texts, LexicalOptions())


@pytest.fixture(scope="module")
def learned(plain_search: PlainSearch, tmp_path_factory: pytest.TempPathFactory) -> LearnedReranker:
    catalogue = shop()
    return learn_reranker(
        tasteful_examples(catalogue, 400),
        catalogue,
        lambda model: build(plain_search, catalogue, model),
        lambda texts: plain_search.encoder.embed(texts, 16),
        OPTIONS,
        event_types=TYPES,
        bought_event_type="purchase",
        collapse="title",
        log_uri=str(tmp_path_factory.mktemp("logs")),
        seed=1,
    )


@pytest.mark.long
def test_a_planted_taste_is_learned(learned: LearnedReranker) -> None:
    report = learned.report
    assert report["served"]
    assert report["ndcg_at_10"] > 1.2 * report["plain_ndcg_at_10"]
    assert report["difference"]["low"] > 0.0
    # The brands are the colours, and the taste is of one.
    matters = report["importance"]
    assert matters["value"] == pytest.approx(report["ndcg_at_10"])
    assert matters["parts"][0]["name"] in (
        "whether it is like what the shopper had",
        "what the shopper has of its brand",
        "how well it fits the query",
    )
    assert matters["parts"][0]["mean"] > 0.05


@pytest.mark.long
def test_it_is_served_beside_the_search_and_comes_back_for_another_catalogue(
    learned: LearnedReranker, plain_search: PlainSearch, tmp_path: Path
) -> None:
    assert learned.model is not None
    catalogue = shop()
    module = build(plain_search, catalogue, learned.model)
    export_search(str(tmp_path), module, plain_search.clusters, {}, learned.model)
    signatures = tf.saved_model.load(str(tmp_path)).signatures
    queries = ["tea", "milk", "red tea", "P003", "😀"]
    red = [
        row for row, title in zip(catalogue.to_pylist(), catalogue["title"].to_pylist(), strict=True) if "red" in title
    ]
    history = history_inputs([Ask([row["product_id"] for row in red[:3]], ["purchase"] * 3, [1e5] * 3)] * 5, HISTORY)
    inputs = {
        name: tf.constant(value) for name, value in search_inputs([Search(query, k=40) for query in queries]).items()
    }
    plain = signatures[FILTERED](**inputs)
    personal = signatures[PERSONAL](**inputs, **{name: tf.constant(value) for name, value in history.items()})
    assert {name: value.shape for name, value in personal.items()} == {
        name: value.shape for name, value in plain.items()
    }
    for row in range(len(queries)):
        assert set(personal["product_ids"][row].numpy()) == set(plain["product_ids"][row].numpy())
    # What is named by its id comes first, whatever the taste.
    assert personal["product_ids"][3, 0] == b"P003"
    best = personal["titles"][0, 0].numpy().decode()
    assert "red" in best
    assert "Tea" in best
    # A product that the next catalogue lacks is forgotten, and nothing else.
    fewer = catalogue.slice(1)
    again = load_reranker(f"{tmp_path}/{EXTRA_ASSETS_FOLDER}", fewer)
    assert again is not None
    before, after = np.asarray(learned.model.asked.products), np.asarray(again.asked.products)
    np.testing.assert_array_equal(after, np.where(before > 0, before - 1, -1))
    np.testing.assert_array_equal(again.products.popularity, np.asarray(learned.model.products.popularity)[1:])
    assert load_reranker(str(tmp_path), fewer) is None


def test_too_few_examples_teach_nothing(plain_search: PlainSearch, tmp_path: Path) -> None:
    few = learn_reranker(
        tasteful_examples(shop(), 60),
        shop(),
        lambda model: build(plain_search, shop(), model),
        lambda texts: plain_search.encoder.embed(texts, 16),
        OPTIONS,
        event_types=TYPES,
        bought_event_type="purchase",
        collapse="title",
        log_uri=str(tmp_path),
        seed=1,
    )
    assert few.model is None
    assert few.report == {"examples": 30, "served": False}


def test_what_is_chosen_of_a_query_adds_up() -> None:
    def example(query: str, *chosen: tuple[int, float]) -> AskedExample:
        nothing = np.zeros(0, np.int64)
        targets, weights = np.array([one for one, _ in chosen]), np.array([weight for _, weight in chosen], np.float32)
        return AskedExample(query, nothing, nothing, np.zeros(0, np.float32), targets, weights, 0)

    found = asked_queries(
        [example("Red  tea", (3, 1.0), (5, 2.0)), example("red tea", (3, 4.0)), example("pot", (1, 1.0))],
        lambda texts: np.array([[len(text)] for text in texts], np.float32),
        scale=2.0,
    )
    assert np.asarray(found.vectors).ravel().tolist() == [7.0, 3.0]
    assert np.asarray(found.products)[:, :3].tolist() == [[3, 5, -1], [1, -1, -1]]
    assert np.asarray(found.weights)[:, :3].tolist() == [[10.0, 4.0, 0.0], [2.0, 0.0, 0.0]]
