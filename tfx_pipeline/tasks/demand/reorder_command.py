"""`shelfwise reorder`: writes what to order."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.tasks.demand.plan_files import REORDER, read_plan_table
from tfx_pipeline.terminal.console import console, listing

_SHOWN = 10


def write_orders(root: Path, out: Path, *, every: bool) -> None:
    """Writes the orders of the last blessed run, those of the largest value first, and prints the first of them.

    Args:
        root: The run's folder.
        out: File that ends in .csv or .parquet.
        every: Whether to write what need not be ordered too.

    Raises:
        InputError: The file has another ending, or the run has no orders.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise InputError(f"`--out` should end in .csv or .parquet, got `{out}`.")
    table = read_plan_table(root, REORDER)
    if not every:
        table = table.filter(pc.greater(table["order_quantity"], 0.0))
    value = pc.multiply(table["order_quantity"], table["unit_cost"])
    table = table.append_column("order_value", value).sort_by(
        [("order_value", "descending"), ("product_id", "ascending")]
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pq.write_table(table, out)
    shown = listing("order", "product id", "title", "on hand", figures=1)
    for row in table.slice(0, _SHOWN).to_pylist():
        on_hand = "?" if row["on_hand"] is None else f"{row['on_hand']:,.10g}"
        shown.add_row(f"{row['order_quantity']:,.10g}", row["product_id"], row["title"], on_hand)
    console.print(shown)
    total = pc.sum(table["order_value"]).as_py() or 0.0
    console.print(f"{len(table):,} rows worth {total:,.2f} in {out}")
    if len(table) and table["on_hand"].null_count == len(table):
        console.print("The table `stock` says of no product how much is there: orders are as if there were nothing.")
