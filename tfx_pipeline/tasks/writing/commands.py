"""The commands of the task writing; `write` loads Beam and the model where it writes a file."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.terminal.options import Address, AsJson, Root

app = typer.Typer()


@app.command()
def write(
    what: Annotated[
        str, typer.Option(help="The kind of text, such as description, advertisement or reply.")
    ] = "description",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder or JSON Lines file for a text of each product of the run; asks no server."),
    ] = None,
    variants: Annotated[int, typer.Option(min=1, max=10, help="Texts of each product, with --out.")] = 1,
    offer: Annotated[str, typer.Option(help="An offer that the text names.")] = "",
    fields: Annotated[
        list[str] | None, typer.Option("--field", help="What to write about, as in title=Tea; without --out.")
    ] = None,
    text: Annotated[str, typer.Option(help="Check this text instead of writing one; without --out.")] = "",
    root: Root = Path("runs/default"),
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Write texts that say nothing but their facts: one by a server, or one a product of a run into a file."""
    if out is None:
        from tfx_pipeline.tasks.writing import ask_command

        given = {**ask_command.named_fields(fields or []), **({"offer": offer} if offer else {})}
        ask_command.ask(what, given, text=text, address=address, as_json=as_json)
        return
    console.print("loading Beam …")
    with logs_in(root / "logs" / "write.log"):
        from tfx_pipeline.tasks.writing.catalogue_command import write_catalogue_texts

        lines = write_catalogue_texts(root.resolve(), what, out.resolve(), variants=variants, offer=offer)
    for line in lines:
        console.print(line)
