"""SearchIndex on a real Beam runner, and the model that it exports."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from tfx.types import standard_artifacts

from components.artifacts import TextVectors
from components.search.index import COMPARISON_FOLDER
from serving.search.grouping.category_groups import MOST_GROUPS
from tests.components.recommendation.trained_shop import artifact
from tests.components.search.judging.plain_ranking import PlainSearch, answers, rankings
from tests.components.search.trained_search import INDEX, TrainedSearch, build_search_index, text_options
from trainer.search.encoder import SearchEncoder, save_encoder
from trainer.search.options import SearchServingOptions
from trainer.search.queries import load_queries
from trainer.text.backbone import load_text_encoder

QUERIES = ["red milk", "cheese", "12 oz TEA, green", "big 牛奶", "appl", "small cereals"]


def read_index(index: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((Path(index.uri) / "index.json").read_text())
    return values


def test_the_model_answers_by_both_sides_as_the_fusion_weighs_them(trained: TrainedSearch) -> None:
    plain, fusion = PlainSearch(trained, QUERIES), read_index(trained.index)["fusion"]
    assert fusion["dense"] == 1.0
    assert fusion["lexical"] > 0.0
    for query, found in zip(QUERIES, rankings(trained, QUERIES, len(plain.ids)), strict=True):
        scores = plain.scores(query, fusion)
        ids = [product_id.decode() for product_id in found["product_ids"]]
        assert sorted(ids) == sorted(plain.ids)
        expected = dict(zip(plain.ids, scores, strict=True))
        np.testing.assert_allclose(found["scores"], [expected[product_id] for product_id in ids], atol=1e-4)
        np.testing.assert_allclose(found["scores"], np.sort(scores)[::-1], atol=1e-4)


def test_every_product_has_a_group_with_a_label(trained: TrainedSearch) -> None:
    (found,) = answers(trained, QUERIES[:1], 1000)
    labels = dict(zip(found["cluster_ids"], found["cluster_labels"], strict=True))
    assert sorted(labels) == [*range(len(labels))]
    assert all(labels.values())
    assert len(set(labels.values())) == len(labels) <= MOST_GROUPS


def test_index_json_says_how_it_was_built(trained: TrainedSearch) -> None:
    index = read_index(trained.index)
    assert set(index) == {"recall", "query_tower", "fusion", "clusters", "distinct_texts", "wordnet"}
    assert index["recall"] == 1.0
    assert index["distinct_texts"] == len({row["title"] for row in trained.examples.catalogue})
    assert not (Path(trained.index.uri) / "trained_text_vectors").exists()


def test_the_model_for_comparison_is_one_side_or_the_other(trained: TrainedSearch) -> None:
    plain = PlainSearch(trained, QUERIES)
    model = tf.saved_model.load(f"{trained.index.uri}/{COMPARISON_FOLDER}")
    assert set(model.signatures) == {"weighted"}
    rows = len(QUERIES)
    found = model.signatures["weighted"](
        query=tf.constant(QUERIES * 2),
        k=tf.fill([2 * rows], 5),
        dense=tf.repeat([1.0, 0.0], rows),
        lexical=tf.repeat([0.0, 1.0], rows),
    )["scores"].numpy()
    for query, dense, lexical in zip(QUERIES, found[:rows], found[rows:], strict=True):
        np.testing.assert_allclose(dense, np.sort(plain.cosines(query))[::-1][:5], atol=1e-4)
        np.testing.assert_allclose(lexical, np.sort(plain.shares(query))[::-1][:5], atol=1e-4)


def test_the_model_card(trained: TrainedSearch) -> None:
    card = json.loads((Path(trained.index.uri) / "Format-Serving/assets.extra/model_card.json").read_text())
    assert (card["model"], card["shop"]) == ("search", "small")
    assert card["text_fields"] == ["title"]
    assert card["training"]["epochs"] == 1
    assert card["data"] == trained.examples.facts
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["serving"]["default_k"] == 5
    assert card["limits"] == {
        "default_k": 5,
        "dimensions": 16,
        "exclude_ids": 100,
        "max_k": 1000,
        "products": 64,
        "query_characters": 1000,
    }


@pytest.fixture(scope="module")
def without_words(trained: TrainedSearch, tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> TrainedSearch:
    """An index of a trained BERT, without the lexical side, and approximate."""
    folder = tmp_path_factory.mktemp("without_words")
    encoder = artifact(standard_artifacts.Model, folder / "encoder")
    Path(encoder.uri).mkdir()
    save_encoder(SearchEncoder(load_text_encoder(text_options(tiny_bert)), None), encoder.uri)
    (Path(encoder.uri) / "training.json").write_text("{}")
    stale = artifact(TextVectors, folder / "stale")
    Path(stale.uri).mkdir()
    empty = pa.table({"text": pa.array([], pa.string()), "vector": pa.array([], pa.list_(pa.float32()))})
    pq.write_table(empty, Path(stale.uri) / "vectors-0.parquet")
    options = INDEX.model_copy(
        update={
            "serving": SearchServingOptions(lexical=None, exact_limit=10, cells_limit=10, index_recall=0.9, default_k=5)
        }
    )
    index = build_search_index(folder, trained.examples, encoder, stale, options)
    return TrainedSearch(trained.examples, stale, encoder, index)


@pytest.mark.long
def test_texts_are_encoded_anew_by_a_trained_bert(without_words: TrainedSearch) -> None:
    files = (Path(without_words.index.uri) / "trained_text_vectors").glob("vectors-*.parquet")
    texts = [text for file in files for text in pq.read_table(file)["text"].to_pylist()]
    assert sorted(texts) == sorted({row["text"] for row in without_words.examples.catalogue})


def test_without_the_lexical_side_only_the_meaning_counts(without_words: TrainedSearch) -> None:
    assert read_index(without_words.index)["fusion"] == {"dense": 1.0, "lexical": 0.0, "feedback": 0.0}
    plain = PlainSearch(without_words, QUERIES)
    for query, found in zip(QUERIES, rankings(without_words, QUERIES, 5), strict=True):
        cosines = dict(zip(plain.ids, plain.cosines(query), strict=True))
        expected = [cosines[product_id.decode()] for product_id in found["product_ids"]]
        # Vectors of the inverted file are rounded to int8.
        np.testing.assert_allclose(found["scores"], expected, atol=0.02)


def test_the_recall_of_an_approximate_index_is_that_of_its_answers(without_words: TrainedSearch) -> None:
    queries = load_queries(without_words.examples.artifacts["examples"].uri, "eval").queries[1::2]
    plain = PlainSearch(without_words, queries)
    shares = []
    for query, found in zip(queries, rankings(without_words, queries, 10), strict=True):
        nearest = np.sort(plain.cosines(query))[::-1][:10]
        cosines = dict(zip(plain.ids, plain.cosines(query), strict=True))
        # Which of two products of the same text is found does not count.
        shares.append(
            sum(cosines[product_id.decode()] >= nearest[-1] - 1e-6 for product_id in found["product_ids"]) / 10
        )
    assert read_index(without_words.index)["recall"] == pytest.approx(np.mean(shares), abs=0.1)
