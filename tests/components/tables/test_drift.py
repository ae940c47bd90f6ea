"""Measures of drift against TFDV's comparator, SciPy and counts by hand."""

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.tables.drift.measures import Moved, measure_drift
from components.tables.drift.options import DriftOptions

RANDOM = np.random.default_rng(0)
ROWS = 4000


def statistics(rows: pd.DataFrame) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.generate_statistics_from_dataframe(rows, n_jobs=1)


def drift(before: pd.DataFrame, now: pd.DataFrame) -> dict[tuple[str, str], Moved]:
    found = measure_drift(*(statistics(rows).datasets[0] for rows in (before, now)), DriftOptions())
    return {(each.column, each.measure): each for each in found}


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": [f"u{number}" for number in RANDOM.integers(0, 300, ROWS)],
            "event_type": RANDOM.choice(["view", "cart", "purchase"], ROWS, p=[0.6, 0.25, 0.15]),
            "price": RANDOM.lognormal(3.0, 0.5, ROWS),
            "timestamp": np.arange(ROWS),
        }
    )


def test_a_price_that_rises_is_as_far_as_scipy_says_and_its_size_is_told(shop: pd.DataFrame) -> None:
    now = shop.assign(price=shop["price"] * 1.2)
    moved = drift(shop, now)["price", "numbers"]
    assert moved.value == pytest.approx(ks_2samp(shop["price"], now["price"]).statistic, abs=0.02)
    assert moved.too_far
    assert moved.what.endswith("before, +20%)")


def test_one_outlier_moves_nothing(shop: pd.DataFrame) -> None:
    prices = shop["price"].to_numpy().copy()
    prices[0] = 1e9
    assert drift(shop, shop.assign(price=prices))["price", "numbers"].value < 0.01


def test_a_share_moves_as_far_as_tfdv_says(shop: pd.DataFrame) -> None:
    now = shop[shop["event_type"] != "cart"]
    moved = drift(shop, now)["event_type", "categories"]
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="event_type", type=schema_pb2.BYTES)
    feature.drift_comparator.infinity_norm.threshold = 0.1
    compared = tfdv.validate_statistics(statistics(now), schema, previous_statistics=statistics(shop))
    assert moved.value == pytest.approx(compared.drift_skew_info[0].drift_measurements[0].value)
    assert moved.too_far
    assert "has" in moved.what


def test_new_values_missing_ones_and_busy_users_are_counted(shop: pd.DataFrame) -> None:
    kinds = shop["event_type"].where(np.arange(ROWS) % 20 > 0, "gift")
    moved = drift(shop, shop.assign(event_type=kinds))["event_type", "new_values"]
    assert (moved.value, moved.too_far) == (pytest.approx(0.05), True)
    assert moved.what == "5.0% of the rows have a value that is new, such as `gift`"
    prices = shop["price"].where(np.arange(ROWS) % 4 > 0)
    moved = drift(shop, shop.assign(price=prices))["price", "missing"]
    assert (moved.value, moved.too_far) == (pytest.approx(0.25), True)
    bots = pd.concat([shop, *[shop[shop["user_id"].isin([f"u{number}" for number in range(15)])]] * 9])
    moved = drift(shop, bots)["user_id", "concentration"]
    counts = [rows["user_id"].value_counts(normalize=True).iloc[:3].sum() for rows in (shop, bots)]
    assert (moved.value, moved.too_far) == (pytest.approx(counts[1] / counts[0]), True)


def test_what_grows_each_day_and_who_comes_anew_is_no_drift(shop: pd.DataFrame) -> None:
    now = shop.assign(timestamp=shop["timestamp"] + ROWS, user_id="new " + shop["user_id"])
    assert not [each for each in drift(shop, now).values() if each.too_far]
    assert ("user_id", "new_values") not in drift(shop, now)
    assert not [column for column, _ in drift(shop, now) if column == "timestamp"]


@settings(deadline=None, max_examples=10)
@given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=30))
def test_a_table_has_not_moved_from_itself(rows: list[tuple[str, int]]) -> None:
    table = pd.DataFrame(rows, columns=["kind", "number"])
    assert not [each for each in drift(table, table).values() if each.value > 1.0 or each.too_far]
