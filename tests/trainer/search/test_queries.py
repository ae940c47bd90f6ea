"""Queries as the components write them, read again."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.search.examples.query_examples import query_example
from tests.trainer.search.tiny_search import judged
from trainer.search.queries import judged_queries, load_queries

ROWS = [
    ("green tea", {3: 1.0, 0: 0.25, 7: 0.5}, "asked", True),
    ("牛奶 1/2", {2: 0.75}, "typo", False),
    ("nothing fits", {5: 0.0}, "asked", True),
]


@pytest.fixture
def records() -> list[bytes]:
    return [
        query_example(query, list(relevance), list(relevance.values()), name, headline=headline)
        for query, relevance, name, headline in ROWS
    ]


def test_what_was_written_is_read(records: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "Split-eval").mkdir()
    # Files are read in their order.
    for number, part in enumerate((records[:1], records[1:])):
        with tf.io.TFRecordWriter(str(tmp_path / f"Split-eval/data-{number:05d}-of-00002.gz"), "GZIP") as writer:
            for record in part:
                writer.write(record)
    queries = load_queries(str(tmp_path), "eval")
    assert len(queries) == 3
    assert queries.queries == [query for query, _, _, _ in ROWS]
    assert queries.slices == ["asked", "typo", "asked"]
    assert queries.headline.tolist() == [True, False, True]
    for row, (start, stop) in enumerate(itertools.pairwise(queries.offsets)):
        found = dict(zip(queries.products[start:stop].tolist(), queries.relevance[start:stop].tolist(), strict=True))
        assert found == ROWS[row][1]
    assert queries.rows().tolist() == [0, 0, 0, 1, 2]
    with pytest.raises(ValueError, match="Split-train"):
        load_queries(str(tmp_path), "train")


@pytest.mark.parametrize("least", [0.1, 0.25, 0.5, 0.75, 1.0])
def test_relevant_products_are_those_of_enough_relevance(records: list[bytes], least: float) -> None:
    offsets, products = judged_queries(records).relevant(least)
    found = [products[start:stop].tolist() for start, stop in itertools.pairwise(offsets)]
    assert found == [[place for place, value in each.items() if value >= least] for _, each, _, _ in ROWS]


def test_no_query_at_all() -> None:
    queries = judged_queries([])
    assert len(queries) == 0
    offsets, products = queries.relevant(0.5)
    assert (offsets.tolist(), products.tolist()) == ([0], [])
    assert judged([]).relevant(0.5)[0].tolist() == [0]


def test_a_text_is_as_relevant_as_the_best_of_its_products(records: list[bytes]) -> None:
    texts = np.array([4, 0, 0, 1, 0, 2, 0, 1])
    queries = judged_queries(records).of_texts(texts)
    assert queries.queries == [query for query, _, _, _ in ROWS]
    for (start, stop), expected in zip(
        itertools.pairwise(queries.offsets), ({1: 1.0, 4: 0.25}, {0: 0.75}, {2: 0.0}), strict=True
    ):
        assert dict(zip(queries.products[start:stop].tolist(), queries.relevance[start:stop], strict=True)) == expected
