"""A trained model of demand: as it is trained, as it is served, judged, validated and planned with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import Artifact

from components.checks.demand import failed_checks
from components.demand.judging.asking import served_ids, served_model
from components.demand.judging.options import DemandGateOptions
from components.pushing.serving_validator import validate
from tests.components.demand.shop import (
    PRODUCTS,
    TRAINING,
    WEEKS,
    SeriesRun,
    evaluate,
    events,
    plan,
    products,
    promotions,
    run_examples,
    stock,
    train,
)
from trainer.demand.options import MEDIAN, QUANTILES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demand")


@pytest.fixture(scope="module")
def made(folder: Path) -> SeriesRun:
    return run_examples(
        folder / "examples",
        events(),
        product_rows=products(),
        promotion_rows=promotions(),
        stock_rows=stock(),
    )


@pytest.fixture(scope="module")
def model(folder: Path, made: SeriesRun) -> Artifact:
    return train(folder, made)


@pytest.fixture(scope="module")
def judged(folder: Path, made: SeriesRun, model: Artifact) -> dict[str, Any]:
    return evaluate(folder, made, model)[0]


@pytest.fixture(scope="module")
def planned(folder: Path, made: SeriesRun, model: Artifact) -> Path:
    return plan(folder, made, model)


def served(model: Artifact) -> str:
    return f"{model.uri}/Format-Serving"


@pytest.fixture(scope="module")
def loaded(model: Artifact) -> Any:
    return tf.saved_model.load(served(model))


def test_quantiles_never_cross_and_never_are_negative_whatever_is_asked(loaded: Any, made: SeriesRun) -> None:
    signature = loaded.signatures["serving_default"]
    random = np.random.default_rng(0)
    units = random.uniform(-10, 1e4, (200, 12)).astype(np.float32)
    units[::3] = np.nan
    units[1::3, :6] = np.nan
    ids = random.choice([*served_ids(made.stored()), b"nobody knows it", b""], 200)
    covariates = len(made.facts()["covariates"])
    found = signature(
        product_ids=tf.constant(ids.tolist()),
        recent_units=tf.constant(units),
        recent_covariates=tf.constant(random.normal(0, 3, (200, 12, covariates)).astype(np.float32)),
        known_covariates=tf.constant(random.normal(0, 3, (200, 4, covariates)).astype(np.float32)),
    )["quantiles"].numpy()
    assert found.shape == (200, 4, len(QUANTILES))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_a_display_sells_more_and_what_is_given_back_sells_no_more_than_nothing(
    model: Artifact, loaded: Any, made: SeriesRun
) -> None:
    stored, ask = made.stored(), served_model(served(model))
    rows, origins = np.arange(PRODUCTS), np.full(PRODUCTS, WEEKS)
    window = stored.series.windows(rows, origins, 12, 4)
    signature = loaded.signatures["serving_default"]
    place = made.facts()["covariates"].index("placement_display")

    def median(units: Any, known: Any) -> Any:
        return signature(
            product_ids=tf.constant([served_ids(stored)[row] for row in rows]),
            recent_units=tf.constant(units),
            recent_covariates=tf.constant(window.recent_covariates),
            known_covariates=tf.constant(known),
        )["quantiles"].numpy()[..., MEDIAN]

    without, shown = np.zeros_like(window.known_covariates), np.zeros_like(window.known_covariates)
    shown[..., place] = 1.0
    assert median(window.recent_units, shown).sum() > 1.5 * median(window.recent_units, without).sum()
    given_back = np.where(window.recent_units > 5, np.float32(-4.0), window.recent_units)
    nothing = np.where(window.recent_units > 5, np.float32(0.0), window.recent_units)
    np.testing.assert_array_equal(median(given_back, without), median(nothing, without))
    np.testing.assert_allclose(
        ask(stored.series, served_ids(stored), rows, origins)[..., MEDIAN],
        median(window.recent_units, window.known_covariates),
        rtol=1e-5,
    )


def test_the_evaluation_says_how_it_compares_and_blesses(judged: dict[str, Any]) -> None:
    assert judged["blessed"], judged["refused_because"]
    assert set(judged["baselines"]) == {"last_week", "median_of_8", "gradient_boosting"}
    metrics = judged["metrics"]["test"]
    # Displays come every sixth week: a model that knows when is far ahead of the last week.
    assert metrics["wape"] < 0.8 * judged["baselines"]["last_week"]["wape"]
    assert judged["differences"]["last_week"]["wape"]["high"] < 0
    assert judged["series"] == {"test": PRODUCTS, "compared": PRODUCTS}
    assert judged["categories"]["chosen"] in ("bottom_up", "min_trace")
    assert len(judged["fan"]["quantiles"]) == 4
    shares = [each["share"] for each in judged["coverage"]]
    assert shares == sorted(shares)


def test_a_model_is_refused_by_its_threshold_and_its_last_blessed_one_is_judged(
    tmp_path: Path, made: SeriesRun, model: Artifact
) -> None:
    options = DemandGateOptions(baselines=("last_week",), thresholds={"wape": 0.01}, coverage_90=(0.0, 1.0))
    found, blessing = evaluate(tmp_path, made, model, options, last_blessed=served(model))
    assert not found["blessed"]
    assert found["refused_because"] == [f"wape is {found['metrics']['test']['wape']:.4f}; it should be at most 0.01."]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert found["last_blessed"]["differences"]["wape"]["mean"] == pytest.approx(0.0, abs=1e-6)


def test_orders_fill_up_to_the_level_in_whole_packs(planned: Path) -> None:
    rows = pq.read_table(planned / "reorder.parquet").to_pylist()
    assert len(rows) == PRODUCTS
    for row in rows:
        after = row["on_hand"] + row["order_quantity"]
        assert row["order_quantity"] % 6 == 0
        assert after >= row["order_up_to"] or row["order_quantity"] == 0 == max(0, row["order_up_to"] - row["on_hand"])
        assert row["order_quantity"] == 0 or after - 6 < row["order_up_to"]
        assert row["unit_cost"] == 2.5
    short = {row["product_id"] for row in rows if row["alarm"] == "runs out"}
    assert "0\n茶" in short
    found = json.loads((planned / "plan.json").read_text())
    assert sum(sum(each.values()) for each in found["classes"].values()) == PRODUCTS
    assert 0.5 < found["simulation"]["model"]["fill_rate"] <= 1.0


def test_forecasts_and_prices_are_there_for_each_series(planned: Path) -> None:
    forecasts = pq.read_table(planned / "forecasts.parquet")
    assert len(forecasts) == PRODUCTS * 4
    assert str(forecasts["week"][0]) == "2025-09-15"
    prices = pq.read_table(planned / "prices.parquet").to_pylist()
    # The price is only ever lower in weeks with a display, so next to nothing is left for it to explain.
    assert all(row["elasticity"] is None or -8 <= row["elasticity"] <= 0 for row in prices)
    assert {row["lowest_price"] for row in prices} == {3.0}


def test_the_server_passes_its_checks(model: Artifact) -> None:
    assert validate(served(model), "demand", failed_checks, own_process=False) == []


def test_an_unknown_product_without_history_gets_what_products_like_it_sell(loaded: Any) -> None:
    signature = loaded.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    empty = {name: tf.zeros([1, *spec.shape[1:]], spec.dtype) for name, spec in specs.items()}
    empty |= {"product_ids": tf.constant(["new"]), "recent_units": tf.fill([1, 12], float("nan"))}
    median = signature(**empty)["quantiles"].numpy()[0, :, MEDIAN]
    assert 2.0 < median.mean() < 20.0
    assert TRAINING.horizon == len(median)
