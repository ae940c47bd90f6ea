"""Slices of users, and their names."""

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.recommendation.judging.user_slices import slice_name, user_slices


def users_table(rows):
    """Users as (history_events, attributes)."""
    return pa.table(
        {
            "history_events": pa.array([events for events, _ in rows], pa.int32()),
            "attributes": pa.array([list(pairs.items()) for _, pairs in rows], pa.map_(pa.string(), pa.string())),
        }
    )


@pytest.mark.parametrize(
    ("attribute", "value", "name"),
    [
        ("age", "45-54", "age_45_54"),
        ("age", "65+", "age_65_plus"),
        ("Income", "  Under $15K ", "income_under_15k"),
        ("kids", "<3", "kids_under_3"),
        ("城市", "北京", "城市_北京"),
        ("segment", "?!", "segment_blank"),
    ],
)
def test_names(attribute, value, name):
    assert slice_name(attribute, value) == name


@given(st.text(), st.text())
def test_names_are_safe_for_any_text(attribute, value):
    name = slice_name(attribute, value)
    assert re.fullmatch(r"[^\W_]+(_[^\W_]+)+", name)
    assert len(name) <= 81


def test_lengths_of_history():
    lengths = [0, 1, 2, 5, 6, 20, 21, 100, 101, 5000, 0]
    slices = user_slices(users_table([(events, {}) for events in lengths]), min_users=1)
    assert {name: [lengths[row] for row in rows] for name, rows in slices.items()} == {
        "history_0": [0, 0],
        "history_1": [1],
        "history_2_5": [2, 5],
        "history_6_20": [6, 20],
        "history_21_100": [21, 100],
        "history_101_up": [101, 5000],
    }
    assert set(user_slices(users_table([(1, {})]), min_users=1)) == {"history_1"}


def test_values_whose_names_are_alike_stay_apart():
    rows = [(1, {"age": "45_54"}), (1, {"age": "45-54"}), (1, {"history": "1"}), (1, {"age": "45-54"})]
    slices = user_slices(users_table(rows), min_users=1)
    assert {name: rows.tolist() for name, rows in slices.items()} == {
        "history_1": [0, 1, 2, 3],
        "age_45_54": [1, 3],
        "age_45_54_2": [0],
        "history_1_2": [2],
    }


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.dictionaries(st.sampled_from(["age", "city"]), st.sampled_from("abc"))),
        max_size=30,
    ),
    st.integers(1, 4),
)
def test_each_value_with_enough_users_is_a_slice(rows, min_users):
    slices = user_slices(users_table(rows), min_users)
    counts = Counter(pair for events, pairs in rows if events for pair in pairs.items())
    expected = {f"{name}_{value}": count for (name, value), count in counts.items() if count >= min_users}
    assert {name: len(found) for name, found in slices.items() if not name.startswith("history")} == expected
    in_history_slices = [found for name, found in slices.items() if name.startswith("history")]
    assert sorted(np.concatenate([np.zeros(0, int), *in_history_slices]).tolist()) == list(range(len(rows)))
