"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Root = Annotated[Path, typer.Option(help="Folder of artifacts, logs, served models and summary.json.")]
Address = Annotated[str, typer.Option(help="HOST:PORT of the server.")]
K = Annotated[int, typer.Option("--k", min=1, help="Products to answer with.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Products = Annotated[list[str] | None, typer.Argument(help="The history: product ids, newest last.")]
User = Annotated[str | None, typer.Option(help="Take the history of this user from --events instead.")]
Events = Annotated[str | None, typer.Option(help="Events table with the user's history: a file, a folder or a glob.")]
EventsRoot = Annotated[
    Path | None,
    typer.Option(
        "--root",
        help="Folder of the run whose configuration says how --events is written; without --events, where it lies too.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        help="Moment that ages are counted from, and after which nothing is read: ISO 8601 or Unix seconds. "
        "Else the end of the hour of the table's latest event."
    ),
]
