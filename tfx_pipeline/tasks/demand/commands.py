"""The commands of the task demand. None of them loads TFX, TensorFlow or a model."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson

app = typer.Typer()

PlanRoot = Annotated[Path, typer.Option("--root", help="Folder of a run with the task demand.")]
Product = Annotated[str, typer.Option("--product", help="Id of the product.")]
Store = Annotated[str | None, typer.Option("--store", help="The store, where series are by store.")]


@app.command()
def demand(
    product: Product,
    root: PlanRoot,
    store: Store = None,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server how much of a product will be sold in each of the coming weeks."""
    from tfx_pipeline.tasks.demand.demand_command import print_demand

    print_demand(product, store, root, address=address, as_json=as_json)


@app.command()
def reorder(
    root: PlanRoot,
    out: Annotated[Path, typer.Option(help="File to write: .csv or .parquet.")],
    every: Annotated[bool, typer.Option("--all", help="Also what need not be ordered.")] = False,
) -> None:
    """Write what to order: quantities in whole packs, with classes and alarms."""
    from tfx_pipeline.tasks.demand.reorder_command import write_orders

    write_orders(root, out, every=every)


@app.command()
def price(product: Product, root: PlanRoot, store: Store = None, as_json: AsJson = False) -> None:
    """Say what a product would sell, take and earn at other prices."""
    from tfx_pipeline.tasks.demand.price_command import print_prices

    print_prices(product, store, root, as_json=as_json)
