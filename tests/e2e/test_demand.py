"""Demand: from tables to answers on a terminal, orders and prices."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from tests.components.demand.shop import (
    GATE,
    OPTIONS,
    PRODUCTS,
    START,
    TRAINING,
    WEEK,
    ZONE,
    Row,
    events,
    products,
    promotions,
    stock,
)
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import DEMAND_NODES
from tests.trainer.fitting.tensorboard_scalars import read_scalars
from tfx_pipeline.commands.cli import app

PROJECT = Path(__file__).parent.parent.parent
DEMAND = {
    **OPTIONS.model_dump(
        mode="json", include={"horizon", "history_weeks", "test_weeks", "category_levels", "week_start"}
    ),
    "network": TRAINING.network.model_dump(mode="json"),
    "training": TRAINING.training.model_dump(mode="json"),
    "gate": GATE.model_dump(mode="json"),
}


CHEAPER = "3\n茶"


def priced_events() -> list[Row]:
    """The shop's events, but one product costs a quarter less in every other month, and sells twice as much then."""
    rows = []
    for row in events():
        cheaper = row["product_id"] == CHEAPER and (row["timestamp"] - START) // (4 * WEEK) % 2 == 1
        rows += [{**row, "price": 0.75 * row["price"]}] * 2 if cheaper else [row]
    return rows


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A shop that has the task demand alone, after one run."""
    folder = tmp_path_factory.mktemp("shop")
    tables = {"products": products(), "events": priced_events(), "promotions": promotions(), "stock": stock()}
    for name, table in tables.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    config = write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in tables},
        text={"backbone": str(tiny_bert)},
        time_zone=ZONE,
        tasks={"demand": DEMAND},
    )
    summary, ran = run_quietly(config, folder / "root")
    assert set(DEMAND_NODES) <= ran
    task = summary["tasks"]["demand"]
    assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_and_the_report_tell_what_happened(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["demand"]
    assert Path(task["pushed"]).parent == shop / "root" / "serving" / "demand"
    assert task["counts"]["series"] == task["series"]["test"] == PRODUCTS
    assert set(task["plan"]["simulation"]) == {"weeks", "policy", "model", "median_of_8_and_safety_stock"}
    report = (shop / "root" / "report.html").read_text(encoding="utf-8")
    assert "Stock, simulated" in report
    assert "what the model said beforehand" in report
    (log,) = (shop / "root" / "tensorboard").glob("demand-*")
    scalars = read_scalars(log / "train")
    assert any("loss" in tag for tag in scalars)
    assert any("learning_rate" in tag for tag in scalars)
    _, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()


@pytest.mark.long
def test_the_steps_of_the_compiled_pipeline_say_the_same(shop: Path) -> None:
    spec, root = shop / "pipeline.yaml", shop / "spec-root"
    compile_it = ["compile", "--config", str(shop / "shop.yaml"), "--image", "shelfwise:1"]
    compile_it += ["--pipeline-root", "gs://bucket/root", "--out", str(spec)]
    compiled = CliRunner().invoke(app, compile_it)
    assert compiled.exit_code == 0, compiled.output
    run_it = [sys.executable, "-m", "tfx_pipeline", "run-spec", str(spec), "--root", str(root), "--data", str(shop)]
    done = subprocess.run(run_it, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"pushed {root}/serving/demand/\d+", done.stdout)
    (pushed,) = (root / "serving" / "demand").iterdir()
    here = Path(read_summary(shop / "root")["tasks"]["demand"]["pushed"])
    asked = {
        name: tf.constant(["3\n茶"]) if spec.dtype == tf.string else tf.ones([1, *spec.shape[1:]], spec.dtype)
        for name, spec in tf.saved_model.load(str(here))
        .signatures["serving_default"]
        .structured_input_signature[1]
        .items()
    }
    found, expected = (
        tf.saved_model.load(str(each)).signatures["serving_default"](**asked)["quantiles"] for each in (pushed, here)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_terminal_gets_the_forecasts_that_the_run_published(shop: Path) -> None:
    root, runner = str(shop / "root"), CliRunner()
    published = pq.read_table(shop / "root" / "demand" / "forecasts.parquet").to_pandas()
    ways = read_summary(shop / "root")["tasks"]["demand"]["categories"]["chosen"]
    with served(shop / "root") as address:
        for product in ("0\n茶", "7\n茶"):
            arguments = ["demand", "--product", product, "--root", root, "--address", address]
            answer = runner.invoke(app, [*arguments, "--json"])
            assert answer.exit_code == 0, answer.output
            found = json.loads(answer.output)["weeks"]
            own = published[published["product_id"] == product]
            assert [week["week"] for week in found] == [str(day) for day in own["week"]]
            if ways == "bottom_up":
                quantiles = [week["quantiles"] for week in found]
                np.testing.assert_allclose(quantiles, own[[f"q{tenth}0" for tenth in range(1, 10)]], rtol=1e-4)
            assert runner.invoke(app, arguments).exit_code == 0
        missing = runner.invoke(app, ["demand", "--product", "never", "--root", root, "--address", address])
        assert "There is no series of the product `never`" in str(missing.exception)


def test_orders_and_prices_come_from_the_run(shop: Path, tmp_path: Path) -> None:
    root, runner = str(shop / "root"), CliRunner()
    for name in ("orders.csv", "orders.parquet"):
        written = runner.invoke(app, ["reorder", "--root", root, "--out", str(tmp_path / name)])
        assert written.exit_code == 0, written.output
    orders = pd.read_csv(tmp_path / "orders.csv", dtype={"product_id": str})
    assert (orders["order_quantity"] > 0).all()
    assert (orders["order_quantity"] % 6 == 0).all()
    assert orders["order_value"].is_monotonic_decreasing
    assert pq.read_table(tmp_path / "orders.parquet").num_rows == len(orders)
    wrong = runner.invoke(app, ["reorder", "--root", root, "--out", str(tmp_path / "orders.txt")])
    assert "should end in .csv or .parquet" in str(wrong.exception)
    nowhere = runner.invoke(app, ["price", "--product", "1", "--root", str(tmp_path)])
    assert "`shelfwise run` with the task `demand` writes it" in str(nowhere.exception)
    # This one is cheaper while it is on display alone, which is what moves its sales.
    refused = runner.invoke(app, ["price", "--product", "4\n茶", "--root", root])
    assert "other things moved its sales" in str(refused.exception)
    answer = runner.invoke(app, ["price", "--product", CHEAPER, "--root", root, "--json"])
    assert answer.exit_code == 0, answer.output
    grid = json.loads(answer.output)["prices"]
    for each in grid:
        assert each["revenue"] == pytest.approx(each["price"] * each["units"])
        assert each["margin"] == pytest.approx((each["price"] - 2.5) * each["units"])
    units = [each["units"] for each in grid]
    assert units == sorted(units, reverse=True)
