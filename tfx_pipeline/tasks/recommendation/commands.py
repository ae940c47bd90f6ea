"""The commands of the task recommendation. None of them loads TFX or a model."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import InputError
from tfx_pipeline.terminal.options import Address, AsJson, At, Events, K, Products, Root, User

app = typer.Typer()

_OPTIONS_OF_A_SEGMENT = {"segment", "root", "k", "as_json"}


@app.command()
def recommend(
    context: typer.Context,
    products: Products = None,
    user: User = None,
    events: Events = None,
    at: At = None,
    k: K = 10,
    category: Annotated[str, typer.Option(help="Only products below this category.")] = "",
    max_price: Annotated[float, typer.Option(help="Only products up to this price; 0 for any.")] = 0.0,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only products in stock.")] = False,
    new_only: Annotated[bool, typer.Option("--new-only", help="Leave out what the user bought.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each product is there.")] = False,
    segment: Annotated[
        str | None, typer.Option(help="Products to offer a segment instead, as the last run has them.")
    ] = None,
    root: Annotated[
        Path,
        typer.Option(help="Folder of the run whose segments are asked for, or whose events --events is written like."),
    ] = Path("runs/default"),
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for a user's next products (without a history, what sells), or the last run for a segment's."""
    given = {name for name in context.params if _is_given(context, name)}
    if segment is None and user is None and "root" in given:
        raise InputError(
            "--root is the run that --segment is read from, or whose configuration says how the events of --user are "
            "written; without --segment, leave it out"
        )
    if segment is not None:
        if others := sorted(given - _OPTIONS_OF_A_SEGMENT):
            named = ", ".join("product ids" if name == "products" else f"--{name.replace('_', '-')}" for name in others)
            raise InputError(f"--segment {segment} asks for the products of a whole segment; leave out {named}")
        from tfx_pipeline.tasks.segmentation import segment_products

        segment_products.recommend_to(segment, root, k=k, as_json=as_json)
        return
    from tfx_pipeline.tasks.recommendation import product_commands
    from tfx_pipeline.terminal.histories import read_history

    product_commands.recommend(
        read_history(products or [], user, events, at, root if "root" in given else None),
        k=k,
        category=category,
        max_price=max_price,
        in_stock_only=in_stock,
        include_bought=not new_only,
        explain=explain,
        address=address,
        as_json=as_json,
    )


@app.command()
def similar(
    product: Annotated[str, typer.Argument(help="Product id.")],
    complements: Annotated[
        bool, typer.Option("--complements", help="What goes with it instead, of other categories.")
    ] = False,
    k: K = 10,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for products that may stand for one, or that go with it."""
    from tfx_pipeline.tasks.recommendation import product_commands

    ask = product_commands.complements if complements else product_commands.similar
    ask(product, k=k, address=address, as_json=as_json)


@app.command()
def together(
    products: Annotated[list[str], typer.Argument(help="Product ids, at most 10.")],
    k: K = 10,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for what goes with some products: by their rules, those of their categories, or the towers."""
    from tfx_pipeline.tasks.recommendation import product_commands

    product_commands.together(products, k=k, address=address, as_json=as_json)


@app.command()
def rules(
    root: Root = Path("runs/default"),
    level: Annotated[str, typer.Option(help="product or category.")] = "product",
    product: Annotated[list[str], typer.Option(help="Only rules with this id (or category) in them.")] = [],  # noqa: B006
    min_lift: Annotated[float, typer.Option(help="Only rules of this lift or more.")] = 0.0,
    k: Annotated[int, typer.Option("--k", min=1, help="Rules of the table.")] = 20,
    form: Annotated[str, typer.Option("--format", help="table, parquet or csv.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File for Parquet or CSV.")] = None,
) -> None:
    """Show or write the association rules that the last run has mined."""
    from tfx_pipeline.tasks.recommendation import rules_command

    rules_command.rules(root, level=level, products=product, min_lift=min_lift, k=k, form=form, out=out)


def _is_given(context: typer.Context, parameter: str) -> bool:
    """Tells whether a parameter stands on the command line."""
    source = context.get_parameter_source(parameter)
    # By name, as Typer may have a Click of its own.
    return source is not None and source.name == "COMMANDLINE"
