"""What is known of a promoted product in a store before the week begins, out of the table of promotions alone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

# The share of the rows without a purchase that the table holds of the weeks to learn from and to validate on.
KEPT_NEGATIVES = 0.3
_WINDOWS = (1, 4, 12, 19)
_STORE_WEEKS = 4
# What a rate is believed to be beforehand, and in how many weeks' or rows' worth.
_PRIOR_WEEKS, _PRIOR_RATE, _PRIOR_ROWS = 8.0, 0.02, 20.0
# Products whose ids follow each other are of one kind: they were listed together.
_NEIGHBOURHOODS = (100, 400, 2000)
NEIGHBOURHOOD = "neighbourhood"
# Rates are told in so many, as the network takes logarithms of 1 and more.
_PER = 1000.0

FloatArray = npt.NDArray[np.float64]


def with_history(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Adds what is known before each week; returns the table and the names of what was added.

    Args:
        frame: `product_id`, `store_id`, `week`, `part` (2 for the test), `display_location`, `mailer_location`,
            `label`, `store4` (baskets of the store in four weeks), and for each window of weeks `psN` and `allN`: how
            often the product was bought in the store, and in all of them.
    """
    order = pd.to_numeric(frame["product_id"]).rank(method="dense").to_numpy() - 1
    kinds = {f"{NEIGHBOURHOOD}_{count}": (order * count // (order.max() + 1)).astype(int) for count in _NEIGHBOURHOODS}
    placement = frame["display_location"].astype(str) + frame["mailer_location"].astype(str)
    keyed = frame.assign(**kinds, placement=placement)
    rates = _smoothed_counts(keyed)
    added = rates | _past_responses(keyed, rates["rate_19"] / _PER) | {"place_of_id": _PER * order / order.max()}
    kept = {NEIGHBOURHOOD: keyed[f"{NEIGHBOURHOOD}_400"].to_numpy()}
    return frame.assign(**added, **kept), list(added)


def _smoothed_counts(frame: pd.DataFrame) -> dict[str, FloatArray]:
    """Returns purchases of the product in the store a week, drawn to its share of what is bought in all stores."""
    baskets = frame["store4"].to_numpy(np.float64)
    share = baskets / frame.groupby("store_id", observed=True)["store4"].mean().sum()
    bought = {weeks: frame[f"ps{weeks}"].to_numpy(np.float64) for weeks in _WINDOWS}
    everywhere = {weeks: frame[f"all{weeks}"].to_numpy(np.float64) for weeks in _WINDOWS}
    found: dict[str, FloatArray] = {}
    for weeks in _WINDOWS:
        expected = everywhere[weeks] * share / weeks
        found[f"rate_{weeks}"] = _PER * (bought[weeks] + _PRIOR_WEEKS * expected) / (weeks + _PRIOR_WEEKS)
        found[f"elsewhere_{weeks}"] = everywhere[weeks] - bought[weeks]
    found["trend_1"] = _trend(everywhere, 1, 4)
    found["trend_4"] = _trend(everywhere, 4, 19)
    return found


def _trend(counts: dict[int, FloatArray], short: int, long: int) -> FloatArray:
    return np.log((counts[short] / short + 0.5) / (counts[long] / long + 0.5))


def _past_responses(frame: pd.DataFrame, rate: FloatArray) -> dict[str, FloatArray]:
    """Returns how often rows of earlier weeks had a purchase: of the product, its neighbours, in the store, so placed.

    Each rate is drawn to that of what it is a part of. Beside the rates stands how many purchases there were for each
    that `rate`, purchases a week, lets expect.
    """
    # Of the test's weeks all rows are there. They count by as many of them as there are of other weeks: a count that
    # scatters otherwise in the test than in what was learned from would be taken for another count.
    drawn = np.random.default_rng(0).random(len(frame)) < KEPT_NEGATIVES
    happened = frame["label"].to_numpy(np.float64)
    weight = np.where(happened > 0, 1.0, ((frame["part"] < 2) | drawn) / KEPT_NEGATIVES)
    past = _EarlierWeeks(frame)

    def of(keys: Sequence[str], prior: FloatArray | float, rows: float, kept: float = 1.0) -> FloatArray:
        shown, bought = past.sums(keys, (weight, happened), kept)
        return (bought + rows * prior) / (shown + rows)

    names = [f"{NEIGHBOURHOOD}_{count}" for count in _NEIGHBOURHOODS]
    neighbours = {name: of([name], _PRIOR_RATE, _PRIOR_ROWS) for name in names}
    product = of(["product_id"], neighbours[names[-1]], _PRIOR_ROWS)
    rates = {
        **{f"{name}_rate": values for name, values in neighbours.items()},
        "product_rate": product,
        "product_rate_lately": of(["product_id"], product, _PRIOR_ROWS / 2, kept=0.7),
        "product_store_rate": of(["product_id", "store_id"], product, _PRIOR_ROWS / 2),
        "product_placement_rate": of(["product_id", "placement"], product, 0.75 * _PRIOR_ROWS),
        "placement_store_rate": of(["placement", "store_id"], _PRIOR_RATE, _PRIOR_ROWS),
    }
    # Of a Poisson rate, at least one purchase.
    expected = weight * -np.expm1(-rate)
    factors: dict[str, FloatArray] = {}
    for name, keys in (
        ("product", ["product_id"]),
        ("product_placement", ["product_id", "placement"]),
        ("product_store", ["product_id", "store_id"]),
    ):
        foretold, bought = past.sums(keys, (expected, happened))
        factors[name] = (bought + 2.0 * factors.get("product", 1.0)) / (foretold + 2.0)
    lifted = {f"{name}_lifted": _PER * factor * rate for name, factor in factors.items()}
    return {**{name: _PER * values for name, values in rates.items()}, "product_factor": factors["product"], **lifted}


class _EarlierWeeks:
    """Sums over the rows of earlier weeks that have the same keys."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame, week = frame, frame["week"].to_numpy()
        self._week, self._weeks = week - week.min(), int(week.max() - week.min()) + 1

    def sums(self, keys: Sequence[str], columns: Sequence[FloatArray], kept: float = 1.0) -> list[FloatArray]:
        """Returns a sum of each column for each row; of a week's sum, `kept` is left a week later."""
        groups = self._frame.groupby(list(keys), observed=True, sort=False).ngroup().to_numpy()
        place = groups.astype(np.int64) * self._weeks + self._week
        found = []
        for column in columns:
            table = np.bincount(place, column, (groups.max() + 1) * self._weeks).reshape(-1, self._weeks)
            before = np.zeros_like(table)
            for week in range(1, self._weeks):
                before[:, week] = kept * (before[:, week - 1] + table[:, week - 1])
            found.append(before.ravel()[place])
        return found
