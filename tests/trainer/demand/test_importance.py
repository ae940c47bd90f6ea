"""What matters to a model of demand, beside the same by hand."""

import numpy as np
import pytest

from trainer.demand.importance import demand_importance, parts_of
from trainer.demand.network import DemandNetwork
from trainer.demand.options import DemandNetworkOptions, DemandOptions
from trainer.demand.product_facts import product_facts
from trainer.demand.series import DemandSeries
from trainer.demand.series_files import StoredSeries
from trainer.demand.window_features import CovariateKinds

SERIES, WEEKS, TEST_WEEK = 12, 40, 32
OPTIONS = DemandOptions(horizon=4, history_weeks=20, network=DemandNetworkOptions(width=8, layers=1, members=1))
COVARIATES = ["price", "display", "year_sin", "year_cos"]


def stored(sold: bool = True) -> StoredSeries:
    """Products of unlike levels, and a category, which counts for nothing."""
    random = np.random.default_rng(0)
    units = random.poisson(np.linspace(1, 30, SERIES)[:, np.newaxis], (SERIES, WEEKS)).astype(np.float32)
    units[0, :25] = np.nan
    units[:, TEST_WEEK:] *= sold
    series = DemandSeries(
        np.append(np.arange(SERIES - 1), -1),
        units,
        random.random((SERIES, WEEKS + 4, 4)).astype(np.float32),
        carried=(0,),
        seasonal=(2, 3),
    )
    names = [f"P{place}" for place in range(SERIES - 1)]
    facts = {"test_week": TEST_WEEK, "weeks": WEEKS, "horizon": 4, "covariates": COVARIATES}
    levels = [*["product"] * (SERIES - 1), "category"]
    return StoredSeries(series, levels, [*names, ""], [""] * SERIES, [""] * SERIES, units, {}, facts)


def network(known: StoredSeries) -> DemandNetwork:
    return DemandNetwork(OPTIONS, product_facts(known.series, None, SERIES, TEST_WEEK, 4), known.series.kinds)


def test_what_is_shuffled_is_what_is_measured() -> None:
    known = stored()
    model = network(known)
    found = demand_importance(model, known, OPTIONS, seed=3)
    assert found is not None
    assert (found["metric"], found["examples"]) == ("wape", 2 * (SERIES - 1))
    rows = np.repeat(np.arange(SERIES - 1), 2)
    origins = np.tile([TEST_WEEK, TEST_WEEK + 4], SERIES - 1)
    true = np.stack([known.series.units[row, week : week + 4] for row, week in zip(rows, origins, strict=True)])
    past = np.stack([known.series.units[row, week - 20 : week] for row, week in zip(rows, origins, strict=True)])
    window = known.series.windows(rows, origins, 20, 4)

    def wape(units: np.ndarray) -> float:
        product = known.series.product[rows].astype(np.int32)
        answer = model.quantiles(product, units, window.recent_covariates, window.known_covariates).numpy()
        return float(np.abs(answer[..., 4] - true).sum() / true.sum())

    assert found["value"] == pytest.approx(wape(past), rel=1e-5)
    random = np.random.default_rng([3, 0])
    losses = [wape(past[random.permutation(len(rows))]) - wape(past) for _ in range(found["repeats"])]
    (sold,) = (part for part in found["parts"] if part["name"] == "what was sold before")
    assert found["parts"][0] is sold
    assert sold["mean"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert sold["deviation"] == pytest.approx(np.std(losses, ddof=1), rel=1e-3)


def test_where_nothing_was_sold_nothing_is_measured() -> None:
    known = stored(sold=False)
    assert demand_importance(network(known), known, OPTIONS, seed=0) is None


def test_covariates_are_told_apart_by_what_they_are() -> None:
    parts = parts_of(COVARIATES, CovariateKinds(planned=(1,), carried=(0,), seasonal=(2, 3)))
    assert {name: part.get("known_covariates") for name, part in parts.items()} == {
        "what was sold before": None,
        "which product it is": None,
        "promotions: display": [1],
        "price": [0],
        "the time of the year": [2, 3],
    }
