"""Forecasts of categories beside those of their products, and how the two are made to add up."""

from typing import Any, NamedTuple

import numpy as np

from components.demand.judging.asking import Ask, served_ids
from components.demand.judging.reconciliation import BOTTOM_UP, DIRECT, MIN_TRACE, bottom_up, min_trace, wape
from trainer.demand.options import MEDIAN
from trainer.demand.series import DemandSeries, Floats, Ints
from trainer.demand.series_files import StoredSeries


class Tree(NamedTuple):
    """Series of products with their categories.

    Attributes:
        bottom: Rows of the stored series that are products.
        top: Rows that are categories.
        group: int64 `(bottom + categories,)`: the category of each product series, -1 for none; then of what is left
            of each category beside its series.
        series: The product series, and then what is left of each category.
        ids: Product id of each, b"" for what is left.
    """

    bottom: Ints
    top: Ints
    group: Ints
    series: DemandSeries
    ids: list[bytes]


def category_tree(stored: StoredSeries) -> Tree:
    """Puts the products below their categories; what a category sells beside its series becomes a series of its own."""
    level = np.array(stored.level)
    bottom, top = np.flatnonzero(level == "product"), np.flatnonzero(level == "category")
    place = {stored.categories[row]: number for number, row in enumerate(top)}
    group = np.array([place.get(stored.categories[row], -1) for row in bottom], np.int64)
    series = stored.series
    left = series.units[top].astype(np.float64)
    inside = group >= 0
    np.subtract.at(left, group[inside], np.nan_to_num(series.units[bottom][inside]))
    left = np.maximum(left, 0.0).astype(np.float32)
    both = DemandSeries(
        product=np.concatenate([series.product[bottom], np.full(len(top), -1)]),
        units=np.concatenate([series.units[bottom], left]),
        covariates=np.concatenate([series.covariates[bottom], series.covariates[top]]),
        carried=series.carried,
        seasonal=series.seasonal,
    )
    ids = served_ids(stored)
    return Tree(
        bottom,
        top,
        np.concatenate([group, np.arange(len(top))]),
        both,
        [*(ids[row] for row in bottom), *([b""] * len(top))],
    )


class Answers(NamedTuple):
    """What a model says of the tree after some weeks.

    Attributes:
        bottom: `(series of the tree, origins, horizon, 9)`.
        top: `(categories, origins, horizon, 9)`, of the categories' own weeks.
    """

    bottom: Floats
    top: Floats


def ask_tree(ask: Ask, stored: StoredSeries, tree: Tree, origins: list[int]) -> Answers:
    """Asks a model about all series of a tree."""

    def asked(series: DemandSeries, ids: list[bytes], rows: Ints) -> Floats:
        every = np.repeat(rows, len(origins))
        weeks = np.tile(np.array(origins, np.int64), len(rows))
        found = ask(series, ids, every, weeks)
        return found.reshape(len(rows), len(origins), *found.shape[1:])

    bottom = asked(tree.series, tree.ids, np.arange(len(tree.series)))
    return Answers(bottom, asked(stored.series, [b""] * len(stored.series), tree.top))


class ChosenWay(NamedTuple):
    """How the forecasts are made to add up.

    Attributes:
        name: `bottom_up` or `min_trace`.
        bottom_variance: Of the errors of each series of the tree.
        top_variance: Of the errors of each category's own forecast.
        wape: Of products and categories by each way, on the weeks before the test.
    """

    name: str
    bottom_variance: Floats
    top_variance: Floats
    wape: dict[str, dict[str, float]]


def choose_way(answers: Answers, stored: StoredSeries, tree: Tree, origin: int) -> ChosenWay:
    """Chooses bottom-up or MinT by WAPE over products and categories on the horizon after a week before the test.

    Args:
        answers: To `origin` alone.
        stored: The series.
        tree: Their tree.
        origin: The week.
    """
    horizon = answers.bottom.shape[2]
    weeks = slice(origin, origin + horizon)
    true, true_top = tree.series.units[:, weeks], stored.series.units[tree.top][:, weeks]
    errors = np.nan_to_num(answers.bottom[:, 0, :, MEDIAN] - true)
    own = np.nan_to_num(answers.top[:, 0, :, MEDIAN] - true_top)
    variances = (errors**2).mean(1), (own**2).mean(1)
    chosen = ChosenWay("", *variances, {})
    for name in (BOTTOM_UP, MIN_TRACE):
        found = reconcile(chosen._replace(name=name), answers, tree)
        products = len(tree.bottom)
        values = {
            "products": wape(found.bottom[:products, 0, :, MEDIAN], true[:products]),
            "categories": wape(found.top[:, 0], true_top),
        }
        chosen.wape[name] = values
    # The one that helps categories must not cost the products anything worth speaking of.
    better = chosen.wape[MIN_TRACE]["categories"] < chosen.wape[BOTTOM_UP]["categories"]
    harmless = chosen.wape[MIN_TRACE]["products"] <= chosen.wape[BOTTOM_UP]["products"] * 1.005
    return chosen._replace(name=MIN_TRACE if better and harmless else BOTTOM_UP)


class ReconciledAnswers(NamedTuple):
    """Quantiles of series whose medians add up, and the medians of categories.

    Attributes:
        bottom: As `Answers.bottom`; all quantiles of a week are multiplied as its median is.
        top: `(categories, origins, horizon)`.
    """

    bottom: Floats
    top: Floats


def reconcile(way: ChosenWay, answers: Answers, tree: Tree) -> ReconciledAnswers:
    """Makes the medians of each origin add up over the categories."""
    shape = answers.bottom.shape
    median = answers.bottom[..., MEDIAN].reshape(shape[0], -1)
    top = answers.top[..., MEDIAN].reshape(len(tree.top), -1)
    if way.name == MIN_TRACE:
        found = min_trace(median, top, tree.group, way.bottom_variance, way.top_variance)
    else:
        found = bottom_up(median, tree.group, len(tree.top))
    times = np.divide(found.bottom, median, out=np.ones_like(median), where=median > 0).reshape(shape[:3])
    return ReconciledAnswers(answers.bottom * times[..., None], found.top.reshape(len(tree.top), *shape[1:3]))


def category_details(
    way: ChosenWay, answers: Answers, found: ReconciledAnswers, stored: StoredSeries, tree: Tree, origins: list[int]
) -> dict[str, Any]:
    """Returns WAPE of categories on the test weeks: their own forecasts, sums of products, and what was chosen."""
    horizon = answers.bottom.shape[2]
    true = np.stack([stored.series.units[tree.top][:, origin : origin + horizon] for origin in origins], axis=1)
    summed = reconcile(way._replace(name=BOTTOM_UP), answers, tree).top
    return {
        "chosen": way.name,
        "before_the_test": way.wape,
        "wape": {
            DIRECT: _number(wape(answers.top[..., MEDIAN], true)),
            BOTTOM_UP: _number(wape(summed, true)),
            MIN_TRACE: _number(wape(reconcile(way._replace(name=MIN_TRACE), answers, tree).top, true)),
            "chosen": _number(wape(found.top, true)),
        },
    }


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
