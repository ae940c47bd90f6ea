"""What the demo asks the model of demand."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from tfx_pipeline.tasks.demand.demand_command import ask_about, coming_weeks, promotions_of, show
from tfx_pipeline.tasks.demand.plan_files import RECENT, REORDER, of_product, read_plan, read_plan_table
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise


def demonstrate(client: "Shelfwise", root: Path) -> None:
    """Prints the coming weeks of the product that sells most, and what to order of it."""
    orders = read_plan_table(root, REORDER)
    best = orders.take(pc.sort_indices(orders, [("weekly_demand", "descending")])[:1]).to_pylist()[0]
    row = of_product(read_plan_table(root, RECENT), best["product_id"], best["store_id"])
    answer = ask_about(client, row)
    console.print(f"\nproduct {best['product_id']}, what will be sold of it")
    plan = read_plan(root)
    promotions = promotions_of(row, plan["covariates"])
    show(row, coming_weeks(root, len(answer)), answer, promotions, planned=plan["promotions_planned"])
    console.print(
        f"class {best['abc']}{best['xyz']}; {best['order_up_to']:,.10g} last until the order after the next one"
    )
