"""Who asked, what they had had and what they chose, against plain Python; and what events weigh."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.search.examples.behaviour import event_weights
from components.search.examples.options import QueryOptions, SearchExamplesOptions
from components.search.examples.personal_examples import personal_examples
from tests.components.search.examples.examples_runs import run_search_examples
from trainer.search.personal.examples import load_asked

ROWS = st.lists(
    st.tuples(
        st.sampled_from([b"u", b"v", b"\xff"]),
        st.integers(0, 4),
        st.integers(0, 2),
        st.integers(0, 6),
        st.sampled_from(["", "tea", "red tea", "牛奶"]),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=25,
)


def plain(rows: list[tuple[Any, ...]], most: int) -> list[dict[str, Any]]:
    """The examples, worked out user by user."""
    found = []
    ordered = sorted(rows, key=lambda row: (row[3], row[4], row[1], row[2]))
    for user in sorted({row[0] for row in rows}):
        own = [row for row in ordered if row[0] == user]
        for query in sorted({row[4] for row in own if row[4] and row[5] > 0}):
            chosen = [row for row in own if row[4] == query and row[5] > 0]
            moment = min(row[3] for row in chosen)
            before = [row for row in own if row[3] < moment][-most:]
            weights: dict[int, float] = defaultdict(float)
            for row in chosen:
                weights[row[1]] += row[5]
            found.append(
                {
                    "query": [query.encode()],
                    "history_index": [row[1] for row in before],
                    "history_type": [row[2] for row in before],
                    "history_age_seconds": [float(moment - row[3]) for row in before],
                    "target_index": sorted(weights),
                    "target_weight": [weights[product] for product in sorted(weights)],
                }
            )
    return found


@settings(deadline=None, max_examples=80)
@given(rows=ROWS, most=st.integers(1, 5))
def test_examples_equal_plain_python(rows: list[tuple[Any, ...]], most: int) -> None:
    names = ("user_id", "product", "type", "time", "query", "weight")
    kinds = (pa.binary(), pa.int64(), pa.int64(), pa.int64(), pa.string(), pa.float32())
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pa.table({name: pa.array(each, kind) for name, each, kind in zip(names, columns, kinds, strict=True)})
    made = personal_examples(table, most).to_pylist()
    assert all(0 <= row.pop("fold")[0] < 10 for row in made)
    assert made == plain(rows, most)


def test_events_weigh_by_type_dwell_and_rating() -> None:
    events = pa.table(
        {
            "event_type": pa.array([b"view", b"purchase", b"view", b"view", b"other", b"hide"]),
            "dwell_seconds": pa.array([None, 60.0, 15.0, 0.0, None, None], pa.float32()),
            "value": pa.array([None, 5.0, 3.0, None, 2.0, None], pa.float32()),
        }
    )
    types = {"view": 1.0, "purchase": 3.0, "hide": -1.0}
    np.testing.assert_allclose(event_weights(events, types, 30.0), [1.0, 3.0, 0.5, 0.0, 0.0, -1.0])
    np.testing.assert_allclose(event_weights(events, types, 0.0), [1.0, 3.0, 1.0, 1.0, 0.0, -1.0])
    # Where nothing is told of events, each counts once.
    assert event_weights(pa.table({"query": [b"tea"] * 2}), types, 30.0).tolist() == [1.0, 1.0]


def test_a_purchase_type_must_be_named() -> None:
    with pytest.raises(ValueError, match="`bought_event_type` is `sale`"):
        QueryOptions(bought_event_type="sale")


def test_a_run_writes_who_asked_and_weighs_what_they_chose(tmp_path: Path) -> None:
    products = [{"product_id": name, "title": f"{name} thing"} for name in "abcd"]
    event = {"user_id": "u", "event_type": "purchase", "query": None}
    events = [
        event | {"product_id": "a", "timestamp": 10},
        event | {"product_id": "gone", "timestamp": 20},
        event | {"product_id": "b", "timestamp": 40, "event_type": "view", "query": " Thing  x "},
        event | {"product_id": "c", "timestamp": 50, "query": "Thing x"},
        event | {"product_id": "d", "timestamp": 60, "event_type": "view", "query": "thing", "dwell_seconds": 3.0},
        event | {"product_id": "c", "timestamp": 60, "event_type": "odd", "query": "thing", "dwell_seconds": 30.0},
    ]
    options = SearchExamplesOptions(queries=QueryOptions(pseudo_queries="always", eval_fraction=0.4, test_fraction=0.4))
    run = run_search_examples(tmp_path, products, events=events, options=options)
    asked = load_asked(run.artifacts["examples"].uri, 99)
    assert [(each.query, each.products.tolist(), each.types.tolist()) for each in asked] == [
        ("Thing x", [0], [2]),
        ("thing", [0, 1, 2], [2, 0, 2]),
    ]
    assert asked[0].age_seconds.tolist() == [30.0]
    assert [dict(zip(each.targets.tolist(), each.weights.tolist(), strict=True)) for each in asked] == [
        {1: 1.0, 2: 3.0},
        {2: 1.0, 3: pytest.approx(0.1)},
    ]
    assert asked[0].fold == asked[1].fold
    judged = {query: of for split in run.queries for query, of in run.asked(split).items()}
    assert judged["Thing x"] == {"b": pytest.approx(1 / 3), "c": 1.0}
    assert judged["thing"] == {"c": 1.0, "d": pytest.approx(0.1)}
