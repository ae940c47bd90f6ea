"""The command of the task support; it loads neither TFX nor a model."""

from typing import Annotated

import typer

from tfx_pipeline.terminal.options import Address, AsJson

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
