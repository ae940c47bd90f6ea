"""The command of the task response; it loads neither TFX nor a model."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.tasks.response.campaign import options as campaign
from tfx_pipeline.terminal.options import Address, AsJson, At, User

app = typer.Typer()
app.add_typer(campaign.app)


@app.command()
def offers(
    user: User = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder of the run whose tables hold the user's events and impressions.")
    ] = None,
    at: At = None,
    tell: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of what the model is told of an impression, as placement=top.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Offers to answer with.")] = 10,
    max_shown: Annotated[
        int, typer.Option(min=0, help="Leave out what was shown to the user so often; 0 leaves nothing out.")
    ] = 0,
    explain: Annotated[bool, typer.Option("--explain", help="Add what speaks for and against the best offer.")] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server which current offers a user most likely responds to."""
    from tfx_pipeline.tasks.response import offers_command
    from tfx_pipeline.tasks.response.person import read_person

    asked = read_person(user, root, at, tell or [])
    offers_command.offers(asked, k=k, max_shown=max_shown, explain=explain, address=address, as_json=as_json)
