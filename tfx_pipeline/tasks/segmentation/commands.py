"""The commands of the task segmentation. None of them loads TFX or a model."""

from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson, At, Events, EventsRoot, Products, User

app = typer.Typer()


@app.command()
def segment(
    products: Products = None,
    user: User = None,
    events: Events = None,
    at: At = None,
    root: EventsRoot = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add which words and numbers of the behaviour speak for the segment.")
    ] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for a user's segments, the most probable first."""
    from tfx_pipeline.tasks.segmentation import segment_command
    from tfx_pipeline.terminal.histories import read_history

    history = read_history(products or [], user, events, at, root, needed=True)
    segment_command.segment(history, explain=explain, address=address, as_json=as_json)
