"""What is rejected, against plain Python, and in the examples that a run writes."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from components.events.history import order_events
from components.recommendation.examples.rejections import is_of_rejected
from tests.components.events.plain_histories import Event, event_lists, event_table
from tests.components.recommendation.examples.examples_runs import run_recommendation_examples
from tests.components.recommendation.examples.test_node import DAY, OPTIONS, T

WEIGHTS = np.array([-1.0, 0.0, 1.0])
TYPES = {"hide": -1.0, "view": 1.0, "purchase": 1.0}


@settings(deadline=None, max_examples=50)
@given(events=event_lists(), drawn=st.randoms(use_true_random=False))
def test_rejected_is_what_a_user_touched_last_to_reject_it(events: list[Event], drawn: object) -> None:
    history = order_events(event_table(events))
    history = history.keep(history.not_of_guests())
    counted = np.array([drawn.random() < 0.7 for _ in range(len(history))], bool)  # type: ignore[attr-defined]
    pairs = list(zip(history.user.tolist(), history.product.tolist(), strict=True))
    latest = {pair: kind for pair, kind, counts in zip(pairs, history.event_type, counted, strict=True) if counts}
    expected = [latest.get(pair, 2) == 0 for pair in pairs]
    assert is_of_rejected(history, WEIGHTS, counted).tolist() == expected


def test_what_is_rejected_is_neither_history_nor_target(tmp_path: Path) -> None:
    rows = [
        {
            "user_id": user,
            "product_id": product,
            "event_type": kind,
            "timestamp": T - 40 * DAY + day * DAY,
            "value": value,
        }
        for user in ("a", "b", "c")
        for day, product, kind, value in (
            (0, "tea", "view", None),
            (1, "pot", "purchase", 5.0),
            (2, "cup", "purchase", None),
            (3, "pot", "view", 2.0),
            (4, "milk", "view", 3.0),
            (5, "tea", "hide", None),
            (6, "tea", "view", None),
            (36, "milk", "purchase", None),
            (45, "cup", "purchase", None),
        )
    ]
    options = OPTIONS.model_copy(update={"event_types": TYPES})
    run = run_recommendation_examples(tmp_path, options, rows)
    ids = [row["product_id"] for row in run.catalogue]
    windows = [[ids[place] for place in row["history_index"]] for row in run.examples["train"]]
    targets = {ids[place] for row in run.examples["train"] for place in row["target_index"]}
    # The pot was rated low later; tea was hidden and taken up again.
    assert targets == {"cup", "milk", "tea"}
    assert all(set(window) <= {"tea", "cup", "milk"} for window in windows)
    for row in run.examples["test"]:
        # What somebody had before is history, and what rejected it is none.
        assert [ids[place] for place in row["history_index"]] == ["tea", "pot", "cup", "milk", "tea", "milk"]
        assert 0 not in row["history_type"]
    popularity = {row["product_id"]: row["popularity"] for row in run.catalogue}
    # Three bought it and three rated it low.
    assert popularity["pot"] == 0.0
    assert popularity["tea"] == 3.0
