"""Texts in baskets and answers, read from tables as a run writes them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.search import found_together
from components.search.found_together import all_together, texts_in_baskets, texts_of_queries
from trainer.clusters.learning.together import Occurrences
from trainer.search.queries import JudgedQueries

IDS = pa.chunked_array([["a", "b"], ["c", "d"]])
TEXT_OF_PRODUCT = np.array([0, 1, 1, 2], np.int32)


def _events(folder, rows):
    """Writes rows of (user, basket or None, product) as ExampleGen does: a list a value."""
    paths = []
    for number, part in enumerate((rows[:2], rows[2:])):
        columns = {
            name: pa.array(
                [None if row[place] is None else [row[place].encode()] for row in part],
                pa.large_list(pa.large_binary()),
            )
            for place, name in enumerate(("user_id", "basket_id", "product_id"))
        }
        paths.append(f"{folder}/data-{number}.parquet")
        pq.write_table(pa.table(columns), paths[-1])
    return paths


def _sets(occurrences):
    found = {}
    for basket, text in zip(occurrences.baskets.tolist(), occurrences.texts.tolist(), strict=True):
        found.setdefault(basket, set()).add(text)
    return sorted(map(sorted, found.values()))


def test_texts_of_a_basket_are_together(tmp_path):
    rows = [("u", "1", "a"), ("u", "1", "b"), ("v", "1", "d"), ("v", "2", "c"), ("v", None, "a"), ("w", "2", "gone")]
    assert _sets(texts_in_baskets(_events(tmp_path, rows), IDS, TEXT_OF_PRODUCT)) == [[0, 1, 2], [1]]


def test_without_baskets_users_are_what_texts_share(tmp_path):
    rows = [("u", None, "a"), ("v", None, "b"), ("v", None, "d"), ("u", None, "c")]
    assert _sets(texts_in_baskets(_events(tmp_path, rows), IDS, TEXT_OF_PRODUCT)) == [[0, 1], [1, 2]]


def test_of_many_events_whole_baskets_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(found_together, "_MOST_EVENTS", 100)
    rows = [("u", str(number // 4), "abcd"[number % 4]) for number in range(400)]
    found = texts_in_baskets(_events(tmp_path, rows), IDS, TEXT_OF_PRODUCT)
    assert 40 < len(found.baskets) < 200
    assert set(map(tuple, _sets(found))) == {(0, 1, 2)}


@pytest.mark.parametrize("paths", [[]])
def test_no_events_are_no_baskets(paths):
    assert len(texts_in_baskets(paths, IDS, TEXT_OF_PRODUCT).baskets) == 0


def test_texts_of_a_query_are_those_that_answer_it():
    queries = JudgedQueries(
        queries=["one", "two"],
        offsets=np.array([0, 3, 4]),
        products=np.array([0, 1, 3, 2]),
        relevance=np.array([1.0, 0.2, 0.5, 1.0], np.float32),
        slices=["asked"] * 2,
        headline=np.ones(2, np.bool_),
    )
    answers = texts_of_queries(queries, TEXT_OF_PRODUCT)
    assert _sets(answers) == [[0, 2], [1]]
    baskets = Occurrences(np.array([0, 0, 1]), np.array([0, 1, 2]))
    assert _sets(all_together(baskets, answers)) == [[0, 1], [0, 2], [1], [2]]
    assert _sets(all_together(texts_in_baskets([], IDS, TEXT_OF_PRODUCT), answers)) == [[0, 2], [1]]
