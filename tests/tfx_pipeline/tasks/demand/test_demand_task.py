"""The nodes of demand, what it prints below the metrics, and a price that never varied."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from tests.task_nodes import DEMAND_NODES
from tests.tfx_pipeline.test_pipeline import ids, of_tables, pipeline, properties, upstream
from tfx_pipeline.tasks.demand.demand_command import promotions_of
from tfx_pipeline.tasks.demand.plan_files import of_product
from tfx_pipeline.tasks.demand.price_command import price_grid


def test_demand_reads_events_and_what_there_is_beside_them(tmp_path: Path) -> None:
    task = {"demand": {"bought_event_type": "order"}}
    made = pipeline(tmp_path, ("products", "events", "promotions", "stock"), task, time_zone="Asia/Tokyo")
    tables = of_tables("products", "events", "promotions", "stock")
    assert sorted(ids(made)) == sorted([*tables, "ProductsTextVectors", *DEMAND_NODES])
    assert {"EventsDataGate", "PromotionsDataGate", "StockDataGate"} <= upstream(made, "DemandExamples")
    assert '"time_zone":"Asia/Tokyo"' in properties(made, "DemandExamples")["options_json"]
    assert '"bought_event_types":["order"]' in properties(made, "EventsExampleGen")["options_json"]
    alone = pipeline(tmp_path, ("events",), task)
    assert sorted(ids(alone)) == sorted([*of_tables("events"), *DEMAND_NODES])


def row(**values: object) -> dict[str, object]:
    usual = {"usual_price": 4.0, "lowest_price": 3.0, "highest_price": 5.0, "unit_cost": 2.0, "weekly_demand": 10.0}
    return {"product_id": "a", "title": "tea", "elasticity": -2.0, "variation": 0.2, **usual, **values}


def test_a_price_sells_by_the_elasticity() -> None:
    grid = price_grid(row())
    assert grid[0]["price"] == pytest.approx(2.7)
    assert grid[-1]["price"] == pytest.approx(5.5)
    for each in grid:
        assert each["units"] == pytest.approx(10.0 * (4.0 / each["price"]) ** 2)


def test_a_price_that_hardly_varied_is_refused() -> None:
    with pytest.raises(InputError, match=r"hardly varied: the standard deviation of its logarithm is 0\.004"):
        price_grid(row(elasticity=None, variation=0.004))


def test_a_product_that_sells_no_less_at_a_higher_price_is_refused() -> None:
    with pytest.raises(InputError, match="No less of `a` was sold in weeks with a higher price"):
        price_grid(row(elasticity=0.0))


def test_promotions_are_counted_in_the_latest_and_the_coming_weeks() -> None:
    names = ["price", "discount", "placement_front"]
    recent = [0.1, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.2, 1.0]
    assert promotions_of({"recent_covariates": recent, "known_covariates": [0.3, 0.0, 0.0]}, names) == (2, 0)
    assert promotions_of({"recent_covariates": [0.1], "known_covariates": [0.1]}, ["price"]) == (0, 0)


def test_a_product_of_several_stores_needs_one() -> None:
    table = pa.table({"product_id": ["a", "a"], "store_id": ["s1", "s2"], "title": ["tea", "tea"]})
    assert of_product(table, "a", "s2")["store_id"] == "s2"
    with pytest.raises(InputError, match="sold in 2 stores; name one by `--store`, such as `s1`"):
        of_product(table, "a", None)
    with pytest.raises(InputError, match="`--store` should be one of s1, s2, got `s3`"):
        of_product(table, "a", "s3")
