"""Guests' orders count for what is popular, and change nothing of any user."""

from pathlib import Path
from typing import Any

import pytest

from components.events.options import SplitOptions
from components.recommendation.examples.options import RecommendationExamplesOptions
from tests.components.recommendation.examples.examples_runs import Run, run_recommendation_examples

DAY = 86_400
T = 50 * DAY


def event(user: str | None, product: str, moment: int, basket: str | None = None, **columns: Any) -> dict[str, Any]:
    return {"user_id": user, "product_id": product, "event_type": "purchase", "basket_id": basket, **columns,
            "timestamp": moment}  # fmt: skip


USERS = [
    event(f"u{user}", "abcd"[(user + place) % 4], day * DAY)
    for user in range(6)
    for place, day in enumerate((1, 10, 30, 42, 47, 55))
]
GUESTS = [event(None, product, day * DAY, f"g{day}") for day in (2, 20, 46, 52) for product in "aab"]


def examples_by_id(run: Run) -> dict[str, list[str]]:
    """The examples of each split, in one order, with ids in place of rows of the catalogue."""
    ids = [row["product_id"] for row in run.catalogue]
    named = {
        split: [
            {name: [ids[i] for i in values] if name.endswith("_index") else values for name, values in row.items()}
            for row in rows
        ]
        for split, rows in run.examples.items()
    }
    return {split: sorted(map(repr, rows)) for split, rows in named.items()}


@pytest.mark.parametrize("method", ["time", "leave_last_out"])
def test_guests_count_for_products_and_not_for_users(tmp_path: Path, method: str) -> None:
    if method == "time":
        split = SplitOptions.model_validate({"test_start": T, "validation_days": 10})
        guests_before_test = 3
        rows, guests = USERS, GUESTS
    else:
        split, guests_before_test = SplitOptions(method="leave_last_out"), 4
        rows, guests = (
            [{**row, "timestamp": None, "position": row["timestamp"]} for row in table] for table in (USERS, GUESTS)
        )
    options = RecommendationExamplesOptions(split=split, min_product_events=0, ranker_windows=1)
    alone = run_recommendation_examples(tmp_path / "alone", options, rows)
    together = run_recommendation_examples(tmp_path / "together", options, [*rows, *guests])
    assert examples_by_id(together) == examples_by_id(alone)
    assert all(together.examples.values())
    assert together.facts["counts"]["users"] == 6

    before, after = (
        {row["product_id"]: (row["event_count"], row["popularity"]) for row in run.catalogue}
        for run in (alone, together)
    )
    bought = {"a": 2 * guests_before_test, "b": guests_before_test, "c": 0, "d": 0}
    assert after == {
        product: (count + bought[product], popularity + bought[product])
        for product, (count, popularity) in before.items()
    }
    pairs = list(zip(together.statistics, alone.statistics, strict=True))
    assert all(mine[name] == theirs[name] for mine, theirs in pairs for name in ("buyers_1", "repeat_buyers_1"))
    assert [mine["total_1"] - theirs["total_1"] for mine, theirs in pairs] == list(bought.values())
