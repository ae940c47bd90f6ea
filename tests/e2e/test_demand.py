"""Demand: from tables to answers on a terminal, orders and prices."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.components.demand.shop import (
    GATE,
    OPTIONS,
    PRODUCTS,
    TRAINING,
    ZONE,
    events,
    products,
    promotions,
    stock,
)
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.task_nodes import DEMAND_NODES
from tfx_pipeline.commands.cli import app

DEMAND = {
    **OPTIONS.model_dump(
        mode="json", include={"horizon", "history_weeks", "test_weeks", "category_levels", "week_start"}
    ),
    "network": TRAINING.network.model_dump(mode="json"),
    "training": TRAINING.training.model_dump(mode="json"),
    "gate": GATE.model_dump(mode="json"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A shop that has the task demand alone, after one run."""
    folder = tmp_path_factory.mktemp("shop")
    tables = {"products": products(), "events": events(), "promotions": promotions(), "stock": stock()}
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
    _, ran = run_quietly(shop / "shop.yaml", shop / "root")
    assert ran == set()


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
    answer = runner.invoke(app, ["price", "--product", "3\n茶", "--root", root, "--json"])
    assert answer.exit_code == 0, answer.output
    grid = json.loads(answer.output)["prices"]
    for each in grid:
        assert each["revenue"] == pytest.approx(each["price"] * each["units"])
        assert each["margin"] == pytest.approx((each["price"] - 2.5) * each["units"])
    units = [each["units"] for each in grid]
    assert units == sorted(units, reverse=True)
