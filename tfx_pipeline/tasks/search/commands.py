"""The commands of the task search; only `index` loads TFX and a model."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.exit_codes import EXIT_REFUSED
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.terminal.options import Address, AsJson, K, Root

app = typer.Typer()


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What a customer would type.")],
    k: K = 10,
    category: Annotated[str, typer.Option(help="Only products below this category.")] = "",
    max_price: Annotated[float, typer.Option(help="Only products up to this price; 0 for any.")] = 0.0,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only products in stock.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add what each word adds to the score, by its letters and its meaning.")
    ] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for the products that answer a query, grouped by kind."""
    from tfx_pipeline.tasks.search import search_command

    search_command.search(
        query,
        k=k,
        category=category,
        max_price=max_price,
        in_stock_only=in_stock,
        explain=explain,
        address=address,
        as_json=as_json,
    )


@app.command()
def index(
    products: Annotated[str, typer.Option(help="Products table, in full: what it lacks is removed.")],
    root: Root = Path("runs/default"),
) -> None:
    """Put another catalogue into the served search model, without training."""
    console.print("loading TFX …")
    with logs_in(root / "logs" / "index.log"):
        from tfx_pipeline.tasks.search.index_update import update_index

        update = update_index(root.resolve(), products)
    for reason, count in sorted(update.quarantined.items()):
        console.print(f"  quarantined: {count:,} {reason}")
    console.print(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in update.changes.items()))
    for reason in update.refused_because:
        console.print(f"refused: {reason}")
    if update.pushed is None:
        raise typer.Exit(EXIT_REFUSED)
    console.print(f"search pushed to {update.pushed}")
