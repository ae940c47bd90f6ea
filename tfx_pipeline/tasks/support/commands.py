"""The commands of the task support; those that ask load neither TFX nor a model, and `questions` loads TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson, At, Events, EventsRoot, Root, User

app = typer.Typer()


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a customer asks the shop.")],
    product: Annotated[str, typer.Option(help="Id of the product that is asked about.")] = "",
    earlier: Annotated[
        list[str] | None, typer.Option(help="A turn of the conversation before the question; the newest last.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Products to show, where the question is a wish for some.")] = 5,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server a customer's question: an answer of the shop, products, or a hand-over to a person."""
    from tfx_pipeline.tasks.support import ask_command

    ask_command.ask(question, product=product, earlier=earlier or [], k=k, address=address, as_json=as_json)


@app.command()
def chat(
    turns: Annotated[
        list[str] | None, typer.Argument(help="What a customer says, a turn each; else a line each is read.")
    ] = None,
    user: User = None,
    events: Events = None,
    events_root: EventsRoot = None,
    at: At = None,
    product: Annotated[str, typer.Option(help="Id of the product that the talk is about.")] = "",
    k: Annotated[int, typer.Option("--k", min=1, max=10, help="Products to show.")] = 3,
    rewords: Annotated[bool, typer.Option("--rewords", help="Let the model of texts word answers anew.")] = False,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Talk with a server's models as a customer: answers, products with prices, and hand-overs."""
    from tfx_pipeline.tasks.support import chat_command
    from tfx_pipeline.terminal.histories import read_history

    history = read_history([], user, events, at, events_root)
    chat_command.chat(
        turns or [], history=history, product=product, k=k, address=address, rewords=rewords, as_json=as_json
    )


@app.command()
def questions(
    root: Root = Path("runs/default"),
    folder: Annotated[Path | None, typer.Option(help="Folder of the gateway; else ROOT/gateway.")] = None,
    largest: Annotated[int, typer.Option(min=1, help="Groups to show and to draft.")] = 10,
    least_cosine: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Mean cosine of two groups from which on they are one.")
    ] = 0.6,
    out: Annotated[Path, typer.Option(help="File for the drafts: .csv or .parquet.")] = Path("drafts.csv"),
    address: Address = "localhost:8500",
) -> None:
    """Group the questions that the gateway handed over, count them by week, and draft rows of `answers`."""
    from tfx_pipeline.tasks.support import questions_command

    questions_command.questions(root, folder, largest=largest, least_cosine=least_cosine, out=out, address=address)
