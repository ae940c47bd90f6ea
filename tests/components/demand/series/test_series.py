"""Weekly series out of tables, against sums by hand."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from components.demand.series.weeks import ShopWeeks, Span
from components.errors import InputError
from tests.components.demand.shop import (
    DAY,
    OPTIONS,
    START,
    WEEK,
    WEEKS,
    ZONE,
    Row,
    events,
    monday,
    products,
    run_examples,
)


def bought(product: str, week: int, quantity: float = 1.0, **more: Any) -> Row:
    return {
        "user_id": "u",
        "product_id": product,
        "event_type": "purchase",
        "timestamp": START + week * WEEK + DAY,
        "quantity": quantity,
        **more,
    }


def ends() -> list[Row]:
    """Views at both ends, so that the weeks are whole."""
    row = {"user_id": "u", "product_id": "a", "event_type": "view"}
    return [{**row, "timestamp": START}, {**row, "timestamp": START + WEEKS * WEEK - 1}]


def test_units_are_those_of_the_purchases_of_each_week_in_the_shops_zone(tmp_path: Path) -> None:
    rows = events()
    made = run_examples(tmp_path, rows, OPTIONS.model_copy(update={"by_store": True}), product_rows=products())
    expected: dict[tuple[str, str], Any] = defaultdict(lambda: np.zeros(WEEKS))
    categories: dict[tuple[str, str], Any] = defaultdict(lambda: np.zeros(WEEKS))
    monday = datetime(2025, 1, 6, tzinfo=ZoneInfo(ZONE))
    category = {row["product_id"]: row["category"].split(" > ")[0] for row in products()}
    for row in rows:
        if row["event_type"] == "purchase":
            day = datetime.fromtimestamp(row["timestamp"], ZoneInfo(ZONE)).replace(tzinfo=None)
            week = (day - monday.replace(tzinfo=None)).days // 7
            if week < WEEKS:
                expected[row["product_id"], row["store_id"]][week] += row["quantity"]
                categories["category", category[row["product_id"]]][week] += row["quantity"]
    found = made.units()
    assert set(found) == {*expected, *categories}
    for key, units in {**expected, **categories}.items():
        began = 0 if key[0] == "category" else int(np.flatnonzero(units)[0])
        assert np.isnan(found[key][:began]).all()
        np.testing.assert_array_equal(found[key][began:], units[began:])


def test_a_week_that_is_cut_off_is_left_out() -> None:
    weeks = ShopWeeks("UTC", "monday")
    monday = 4  # 1970-01-05
    assert weeks.span(monday, monday + 13) == Span(0, 2)
    assert weeks.span(monday + 1, monday + 13) == Span(1, 1)
    assert weeks.span(monday, monday + 12) == Span(0, 1)
    assert weeks.begin(0).isoformat() == "1970-01-05"
    assert ShopWeeks("UTC", "thursday").begin(0).isoformat() == "1970-01-01"
    assert ShopWeeks("UTC", "sunday").begin(0).isoformat() == "1970-01-04"


def test_odd_series_are_kept_left_out_or_said(tmp_path: Path) -> None:
    rows = [
        *ends(),
        bought("one week", 20, 3.0),
        *(bought("gaps", week, 2.0) for week in range(0, WEEKS, 5)),
        *(bought("zeros", week, 0.0) for week in range(WEEKS)),
        *(bought("million", week, 5.0) for week in range(WEEKS)),
        bought("million", 7, 1_000_000.0),
    ]
    made = run_examples(tmp_path, rows)
    found = {product: np.array(units) for (product, _), units in made.units().items()}
    assert set(found) == {"one week", "gaps", "million"}
    assert np.isnan(found["one week"][:20]).all()
    np.testing.assert_array_equal(found["one week"][20:], [3.0, *[0.0] * (WEEKS - 21)])
    np.testing.assert_array_equal(found["gaps"], np.where(np.arange(WEEKS) % 5 == 0, 2.0, 0.0))
    assert np.isnan(found["million"][7])
    assert np.nanmax(found["million"]) == 5.0
    notes = " ".join(made.facts()["notes"])
    assert "1 weeks of a product sell over 100 times" in notes
    assert "1 products have purchases of 0 pieces only" in notes


def test_rows_of_too_many_pieces_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        *ends(),
        *(bought("a", week, 2.0) for week in range(WEEKS)),
        bought("a", 3, 201.0),
        bought("fuel", 4, 900.0),
    ]
    made = run_examples(tmp_path, rows, OPTIONS.model_copy(update={"most_pieces": 200.0}))
    assert made.units() == {("a", ""): [2.0] * WEEKS}
    assert made.facts()["counts"]["rows_of_too_many_pieces"] == 2


def test_a_week_out_of_stock_is_not_known(tmp_path: Path) -> None:
    rows = [*ends(), *(bought("a", week, 2.0) for week in range(WEEKS))]
    out = [{"product_id": "a", "date": START + 9 * WEEK + 3 * DAY, "in_stock": 0}]
    now = [{"product_id": "a", "on_hand": 7.0}, {"product_id": "a", "date": START, "on_hand": 3.0}]
    made = run_examples(tmp_path, rows, stock_rows=[*out, *now])
    units = np.array(made.units()["a", ""])
    assert np.flatnonzero(np.isnan(units)).tolist() == [9]
    assert made.stored().stock["on_hand"].tolist() == [7.0]


def test_promotions_are_shares_of_the_week_and_of_the_stores(tmp_path: Path) -> None:
    rows = [*ends(), *(bought("a", week, 2.0, price=4.0) for week in range(WEEKS))]
    planned = [
        {"product_id": "a", "start": START, "end": START + WEEK, "placement": "front", "share": 0.5},
        {"product_id": "a", "start": START + 2 * WEEK, "end": START + 2 * WEEK + 3 * DAY, "placement": "leaflet"},
        {"product_id": "a", "start": monday(WEEKS), "end": monday(WEEKS + 1), "discount": 0.25},
    ]
    made = run_examples(tmp_path, rows, promotion_rows=planned)
    names = made.facts()["covariates"]
    assert names == ["price", "discount", "placement_front", "placement_leaflet"]
    found = made.stored().series.covariates[0]
    assert found.shape == (WEEKS + OPTIONS.horizon, 4)
    expected = np.zeros((WEEKS + OPTIONS.horizon, 4))
    expected[0, 2], expected[2, 3], expected[WEEKS, 1] = 0.5, 3 / 7, 0.25
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("planned", [False, True])
def test_a_table_of_promotions_that_ends_with_the_sales_plans_nothing(tmp_path: Path, *, planned: bool) -> None:
    """What comes is then as the latest 8 weeks were, in which `a` was in the leaflet in two and always on display."""
    rows = [*ends(), *(bought("a", week, 2.0, price=4.0) for week in range(WEEKS))]
    table = [{"product_id": "a", "start": START, "end": monday(WEEKS), "placement": "display", "discount": 0.2}]
    leaflets = [WEEKS - 3, WEEKS - 1, WEEKS - 10, *([WEEKS] if planned else [])]
    table += [
        {"product_id": "a", "start": monday(week), "end": monday(week + 1), "placement": "leaflet"} for week in leaflets
    ]
    made = run_examples(tmp_path, rows, promotion_rows=table)
    assert made.facts()["promotions_planned"] == planned
    assert made.facts()["covariates"] == ["price", "discount", "placement_display", "placement_leaflet"]
    coming = made.stored().series.covariates[0, WEEKS:, 1:]
    usual = np.tile([0.2, 1.0, 2 / 8], (OPTIONS.horizon, 1))
    np.testing.assert_allclose(coming, [[0.0, 0.0, 1.0]] + [[0.0] * 3] * (OPTIONS.horizon - 1) if planned else usual)


def test_the_best_sellers_before_the_test_become_series_and_categories_count_all(tmp_path: Path) -> None:
    rows = [
        *ends(),
        *(bought("a", week, 3.0) for week in range(WEEKS)),
        *(bought("b", week, 2.0) for week in range(WEEKS)),
        bought("c", WEEKS - 1, 1_000.0),
    ]
    catalogue = [{"product_id": each, "title": each, "category": "all"} for each in "abc"]
    made = run_examples(tmp_path, rows, OPTIONS.model_copy(update={"max_products": 1}), product_rows=catalogue)
    assert set(made.units()) == {("a", ""), ("category", "all")}
    assert made.units()["category", "all"][-1] == 1_005.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([bought("a", 0), bought("a", 2)], "covers 1 whole weeks; demand needs 12"),
        ([*ends(), *(bought("a", week, 0.0) for week in range(WEEKS))], "should have purchases"),
        ([{"user_id": "u", "product_id": "a", "event_type": "purchase", "position": 1}], "has no timestamps"),
    ],
)
def test_tables_without_enough_are_refused_in_one_message(tmp_path: Path, rows: list[Row], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_examples(tmp_path, rows)
