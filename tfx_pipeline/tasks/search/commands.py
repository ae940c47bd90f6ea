"""The command of the task search."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson, At, Events, EventsRoot, K

app = typer.Typer()


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What a customer would type; left out with --image.")] = "",
    image: Annotated[
        Path | None, typer.Option(help="JPEG or PNG file to find products by, of a shop with pictures.")
    ] = None,
    k: K = 10,
    category: Annotated[str, typer.Option(help="Only products below this category.")] = "",
    max_price: Annotated[float, typer.Option(help="Only products up to this price; 0 for any.")] = 0.0,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only products in stock.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add what each word adds to the score, by its letters and its meaning.")
    ] = False,
    user: Annotated[str | None, typer.Option(help="Who asks: what suits this user's events comes first.")] = None,
    events: Events = None,
    events_root: EventsRoot = None,
    at: At = None,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for the products that answer a query, or look like a picture, grouped by kind."""
    if (image is None) == (not query):
        raise typer.BadParameter("give either a query or --image FILE")
    if image is not None:
        if category or max_price or in_stock or explain or user is not None:
            raise typer.BadParameter("a picture is searched without filters, users and explanations; leave them out")
        from tfx_pipeline.tasks.search import search_command

        search_command.search_by_image(image, k=k, address=address, as_json=as_json)
        return
    from tfx_pipeline.tasks.search import search_command
    from tfx_pipeline.terminal.histories import read_history

    history = read_history([], user, events, at, events_root)
    search_command.search(
        query,
        k=k,
        category=category,
        max_price=max_price,
        in_stock_only=in_stock,
        explain=explain,
        address=address,
        as_json=as_json,
        history=None if user is None else history,
    )
