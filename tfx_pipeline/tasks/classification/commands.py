"""The commands of the task classification. Those that ask a server load neither TFX nor a model."""

from pathlib import Path
from typing import Annotated

import typer

from serving.quiet_import import quiet_import
from tfx_pipeline.terminal.options import Address, AsJson, Root

app = typer.Typer()


@app.command()
def classify(
    text: Annotated[str, typer.Argument(help="The text.")],
    model: Annotated[
        str, typer.Option(help="Name that the classifier is served under; a run pushes `classification`.")
    ] = "classification",
    image: Annotated[Path | None, typer.Option(help="JPEG or PNG file that the text stands beside.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Add what each token adds to the best label.")] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server for the labels of a text, the most probable first."""
    from tfx_pipeline.tasks.classification import classify_command

    classify_command.classify(text, model=model, image=image, explain=explain, address=address, as_json=as_json)


@app.command()
def suggest(
    root: Root = Path("runs/default"),
    task: Annotated[str, typer.Option(help="The task whose labels are wanted.")] = "classification",
    n: Annotated[int, typer.Option("--n", min=1, help="Texts to label.")] = 50,
    texts: Annotated[
        Path | None, typer.Option(help="Table with texts to choose from; else the run's `unlabelled_texts`.")
    ] = None,
    out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path("to_label.csv"),
    seed: int = 0,
) -> None:
    """Name the texts that are worth a label next: those that the model is unsure of, and that are unlike each other."""
    with quiet_import():
        from tfx_pipeline.tasks.classification import suggest_command

    suggest_command.suggest(root, task, n, texts, out, seed)
