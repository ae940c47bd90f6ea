"""The commands of `shelfwise` that ask a running server. None of them loads TFX or a model."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import InputError
from serving.quiet_import import quiet_import
from tfx_pipeline.terminal.exit_codes import EXIT_OTHER

app = typer.Typer()

Address = Annotated[str, typer.Option(help="HOST:PORT of the server.")]
K = Annotated[int, typer.Option("--k", min=1, help="Products to answer with.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Products = Annotated[list[str] | None, typer.Argument(help="The history: product ids, newest last.")]
User = Annotated[str | None, typer.Option(help="Take the history of this user from --events instead.")]
Events = Annotated[str | None, typer.Option(help="Events table with the user's history: a file, a folder or a glob.")]
At = Annotated[
    str | None,
    typer.Option(
        help="Moment that ages are counted from, and after which nothing is read: ISO 8601 or Unix seconds. "
        "Else the end of the hour of the table's latest event."
    ),
]

_OPTIONS_OF_A_SEGMENT = {"segment", "root", "k", "as_json"}


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
    with quiet_import():
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
def classify(
    text: Annotated[str, typer.Argument(help="The text.")],
    model: Annotated[
        str, typer.Option(help="Name that the classifier is served under; a run pushes `classification`.")
    ] = "classification",
    explain: Annotated[bool, typer.Option("--explain", help="Add what each token adds to the best label.")] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for the labels of a text, the most probable first."""
    with quiet_import():
        from tfx_pipeline.tasks.classification import classify_command

    classify_command.classify(text, model=model, explain=explain, address=address, as_json=as_json)


@app.command()
def segment(
    products: Products = None,
    user: User = None,
    events: Events = None,
    at: At = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add which words and numbers of the behaviour speak for the segment.")
    ] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for a user's segments, the most probable first."""
    with quiet_import():
        from tfx_pipeline.tasks.recommendation import product_commands as client_commands
        from tfx_pipeline.tasks.segmentation import segment_command

    history = client_commands.read_history(products or [], user, events, at, needed=True)
    segment_command.segment(history, explain=explain, address=address, as_json=as_json)


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
    segment: Annotated[
        str | None, typer.Option(help="Products to offer a segment instead, as the last run has them.")
    ] = None,
    root: Annotated[Path, typer.Option(help="Folder of the run whose segments are asked for.")] = Path("runs/default"),
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for a user's next products (without a history, what sells), or the last run for a segment's."""
    given = {name for name in context.params if _is_given(context, name)}
    if segment is None and "root" in given:
        raise InputError("--root is the run that --segment is read from; without --segment, leave it out")
    if segment is not None:
        if others := sorted(given - _OPTIONS_OF_A_SEGMENT):
            named = ", ".join("product ids" if name == "products" else f"--{name.replace('_', '-')}" for name in others)
            raise InputError(f"--segment {segment} asks for the products of a whole segment; leave out {named}")
        from tfx_pipeline.tasks.segmentation import segment_products

        segment_products.recommend_to(segment, root, k=k, as_json=as_json)
        return
    with quiet_import():
        from tfx_pipeline.tasks.recommendation import product_commands as client_commands

    client_commands.recommend(
        client_commands.read_history(products or [], user, events, at),
        k=k,
        category=category,
        max_price=max_price,
        in_stock_only=in_stock,
        include_bought=not new_only,
        address=address,
        as_json=as_json,
    )


@app.command()
def similar(
    product: Annotated[str, typer.Argument(help="Product id.")],
    k: K = 10,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for products like one."""
    with quiet_import():
        from tfx_pipeline.tasks.recommendation import product_commands as client_commands

    client_commands.similar(product, k=k, address=address, as_json=as_json)


@app.command()
def together(
    products: Annotated[list[str], typer.Argument(help="Product ids, at most 10.")],
    k: K = 10,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for what is bought together with some products."""
    with quiet_import():
        from tfx_pipeline.tasks.recommendation import product_commands as client_commands

    client_commands.together(products, k=k, address=address, as_json=as_json)


@app.command()
def load(
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="Requests a second.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=86_400, help="For how long requests leave.")],
    model: Annotated[str, typer.Option(help="Name of the model.")] = "search",
    signature: Annotated[str, typer.Option(help="Name of the signature.")] = "serving_default",
    requests: Annotated[
        Path | None, typer.Option(help='JSON Lines of inputs such as {"query": "tea pot"}; what is left out is empty.')
    ] = None,
    timeout_seconds: Annotated[float, typer.Option(min=0.001, help="How long each answer may take.")] = 10.0,
    warm_up_seconds: Annotated[float, typer.Option(min=0.0, max=3600, help="Time before that does not count.")] = 1.0,
    most_in_flight: Annotated[int, typer.Option(min=1, max=10_000, help="Requests that wait at once.")] = 1000,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server at a steady rate, and show latencies and errors; it may be stock TF Serving too."""
    with quiet_import():
        from serving.client.open_loop import Load
        from tfx_pipeline.commands import load_command

    limits = Load(rate=rate, seconds=seconds, warm_up_seconds=warm_up_seconds, most_in_flight=most_in_flight)
    answered = load_command.load(
        address, model, signature, limits, requests=requests, timeout_seconds=timeout_seconds, as_json=as_json
    )
    if not answered:
        raise typer.Exit(EXIT_OTHER)


def _is_given(context: typer.Context, parameter: str) -> bool:
    """Tells whether a parameter stands on the command line."""
    source = context.get_parameter_source(parameter)
    # By name, as Typer may have a Click of its own.
    return source is not None and source.name == "COMMANDLINE"
