"""What the benchmark of promotions counts before a week: by loops, and untouched by what comes later."""

import numpy as np
import pandas as pd

from benchmarks.promotion_features import KEPT_NEGATIVES, with_history

WEEKS = 8


def promotions(seed: int = 0, rows: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    counts = {f"{name}{weeks}": random.integers(0, 9, rows) for name in ("ps", "all") for weeks in (1, 4, 12, 19)}
    return pd.DataFrame(
        {
            "product_id": random.integers(1000, 1012, rows).astype(str),
            "store_id": random.integers(3, size=rows).astype(str),
            "week": random.integers(20, 20 + WEEKS, rows),
            "part": 0,
            "display_location": random.integers(2, size=rows).astype(str),
            "mailer_location": "A",
            "label": random.integers(2, size=rows),
            "store4": random.integers(50, 90, rows),
            **counts,
        }
    )


def test_rates_are_those_of_loops_over_earlier_weeks() -> None:
    frame = promotions()
    found, names = with_history(frame)
    assert set(names) < set(found)
    ids = sorted(frame["product_id"].unique(), key=int)
    for place in range(0, len(frame), 23):
        row = frame.iloc[place]
        earlier = frame[frame["week"] < row["week"]]

        def rate(part: pd.DataFrame, prior: float, rows: float) -> float:
            shown = np.where(part["label"] == 1, 1.0, 1.0 / KEPT_NEGATIVES).sum()
            return float((part["label"].sum() + rows * prior) / (shown + rows))

        # Of so few products each is a neighbourhood of its own.
        own = earlier[earlier["product_id"] == row["product_id"]]
        neighbours = rate(own, 0.02, 20.0)
        product = rate(own, neighbours, 20.0)
        in_store = rate(own[own["store_id"] == row["store_id"]], product, 10.0)
        expected = {"product_rate": 1000 * product, "product_store_rate": 1000 * in_store}
        expected["place_of_id"] = 1000 * ids.index(row["product_id"]) / (len(ids) - 1)
        np.testing.assert_allclose(found.iloc[place][list(expected)].astype(float), list(expected.values()))


def test_nothing_of_the_week_or_later_counts() -> None:
    frame = promotions()
    later = frame["week"] >= 24
    changed = frame.assign(label=np.where(later, 1 - frame["label"], frame["label"]))
    before, names = with_history(frame)
    after, _ = with_history(changed)
    known = frame["week"] <= 24
    pd.testing.assert_frame_equal(before.loc[known, names], after.loc[known, names])
    assert not before.loc[~known, names].equals(after.loc[~known, names])
