"""Queries whose groups the report shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from components.search.judging.example_groups import EXAMPLES, example_groups, example_queries
from serving.search.ranking import Fusion
from tests.serving.search.random_shop import random_shop
from tfx_pipeline.tasks.search.report import group_blocks
from trainer.search.queries import JudgedQueries


def queries_of(queries: list[str], slices: list[str]) -> JudgedQueries:
    """Queries without judgements."""
    return JudgedQueries(
        queries=queries,
        offsets=np.zeros(len(queries) + 1, np.int64),
        products=np.zeros(0, np.int64),
        relevance=np.zeros(0, np.float32),
        slices=slices,
        headline=np.array([each != "letters swapped" for each in slices]),
    )


CATALOGUE = pa.table(
    {
        "title": ["Green Tea, 20 bags", "Black Tea (loose)", "Red Green Tea 3 oz", "Whole Milk with cream", None],
        "category": pa.array(["Food > Tea", "Food > Tea", "Food > Tea", "Food > Milk", None]),
    }
)


def test_queries_of_people_come_first() -> None:
    queries = queries_of(["tea", "aet", "made", "milk", "tea"], ["asked", "letters swapped", "made", "asked", "asked"])
    assert example_queries(queries, CATALOGUE) == ("asked by people, of the test split", ["tea", "milk"])
    many = queries_of([str(place) for place in range(20)], ["asked"] * 20)
    assert len(example_queries(many, CATALOGUE)[1]) == EXAMPLES


def test_without_people_the_most_common_kinds() -> None:
    made = queries_of(["made"], ["made"])
    assert example_queries(made, CATALOGUE) == ("the most common categories", ["Tea", "Milk"])
    titles = CATALOGUE.set_column(1, "category", pa.nulls(5, pa.string()))
    source, queries = example_queries(made, titles)
    assert source == "the most common ends of names in titles"
    assert queries == ["Green Tea", "Black Tea", "Whole Milk"]


@pytest.fixture
def model(tmp_path: Path) -> Any:
    """A small shop, saved and loaded."""
    module = random_shop(1, 60, titles=60, texts_a_title=1, collapse="title", fusion=Fusion(1.0, 1.0)).module()
    tf.saved_model.save(module, str(tmp_path), signatures=module.signatures("filtered"))
    return tf.saved_model.load(str(tmp_path))


@pytest.mark.long
def test_groups_hold_all_that_is_found_and_stand_in_the_report(model: Any) -> None:
    examples = example_groups(model, "somebody", ["green tea", ""])
    found, nothing = examples["answers"]
    assert nothing == {"query": "", "groups": []}
    labels = [group["label"] for group in found["groups"]]
    assert len(set(labels)) == len(labels) > 0
    assert sum(group["products"] for group in found["groups"]) > len(labels)
    (block,) = group_blocks(examples)
    assert block.table is not None
    assert [row[1].text for row in block.table.rows] == [*labels, "nothing found"]
    assert [row[0].text for row in block.table.rows] == ["green tea", *[""] * len(labels)]
    assert "somebody" in block.note


def test_a_run_of_an_earlier_version_has_no_groups() -> None:
    assert group_blocks(None) == []
