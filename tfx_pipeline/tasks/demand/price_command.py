"""`shelfwise price`: what a product would sell, take and earn at other prices."""

import json
from pathlib import Path
from typing import Any

from components.errors import InputError
from tfx_pipeline.tasks.demand.plan_files import PRICES, of_product, read_plan_table
from tfx_pipeline.terminal.console import console, listing

# A grid of prices around the usual one, no further than this beyond what was seen.
_STEPS = 9
_BEYOND = 0.1
# Who sells no more than this percent less at a price 1% higher was seen to sell no less.
_NO_ANSWER = -0.05


def print_prices(product: str, store: str | None, root: Path, *, as_json: bool) -> None:
    """Prints demand, revenue and margin of a week over a grid of prices.

    Raises:
        InputError: The run has no such series, or its price hardly varied.
    """
    row = of_product(read_plan_table(root, PRICES), product, store)
    grid = price_grid(row)
    if as_json:
        found = {"product_id": product, "elasticity": row["elasticity"], "unit_cost": row["unit_cost"], "prices": grid}
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    console.print(str(row["title"] or product))
    least, most = abs(row["elasticity_high"]), abs(row["elasticity_low"])
    cost = f"{row['unit_cost']:.2f}"
    if not row["cost_known"]:
        cost += ", a share of the usual price: the table `stock` does not say"
    console.print(
        f"usual price {row['usual_price']:.2f}, seen {row['lowest_price']:.2f} to {row['highest_price']:.2f}\n"
        f"a price 1% higher sells {abs(row['elasticity']):.1f}% less (90% probable: {least:.1f}% to {most:.1f}%)\n"
        f"a piece costs {cost}"
    )
    table = listing("price", "units a week", "revenue", "margin", figures=4)
    for each in grid:
        table.add_row(*(f"{each[name]:.2f}" for name in ("price", "units", "revenue", "margin")))
    console.print(table)


def price_grid(row: dict[str, Any]) -> list[dict[str, float]]:
    """Returns price, units, revenue and margin of a week for each price of a grid.

    Args:
        row: Of `prices.parquet`.

    Raises:
        InputError: The price hardly varied, or demand did not answer to it.
    """
    if row["elasticity"] is None:
        variation = row["variation"] or 0.0
        raise InputError(
            f"The price of `{row['product_id']}` hardly varied: the standard deviation of its logarithm is "
            f"{variation:.3f} over the weeks with sales, or there are fewer than 8 of them. What other prices would do "
            "cannot be told from that; try other prices for some weeks, or set "
            "`tasks.demand.stock.min_price_variation`."
        )
    if row["elasticity"] > _NO_ANSWER:
        raise InputError(
            f"No less of `{row['product_id']}` was sold in weeks with a higher price: other things moved its sales, "
            "and what other prices would do cannot be told. Try other prices for some weeks."
        )
    low, high = row["lowest_price"] * (1.0 - _BEYOND), row["highest_price"] * (1.0 + _BEYOND)
    prices = [low + (high - low) * step / (_STEPS - 1) for step in range(_STEPS)]
    grid = []
    for price in prices:
        units = row["weekly_demand"] * (price / row["usual_price"]) ** row["elasticity"]
        margin = units * (price - row["unit_cost"])
        grid.append({"price": price, "units": units, "revenue": units * price, "margin": margin})
    return grid
