"""The commands of the task classification. None of them loads TFX or a model."""

from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson

app = typer.Typer()


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
    from tfx_pipeline.tasks.classification import classify_command

    classify_command.classify(text, model=model, explain=explain, address=address, as_json=as_json)
