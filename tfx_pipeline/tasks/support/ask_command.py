"""`shelfwise ask`: asks a running server a customer's question; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from serving.client import Reply, SearchAnswer, Shelfwise
from shelfwise_client.errors import ModelNotFoundError
from tfx_pipeline.tasks.search.search_command import print_clusters
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing

_REASONS = {"not_sure": "no answer is sure enough", "empty_question": "the question says nothing"}


def ask(question: str, *, product: str, earlier: Sequence[str], k: int, address: str, as_json: bool) -> None:
    """Prints the reply to a question, and the products where it is a wish for some."""
    with asking(address) as client:
        reply = client.reply(question, earlier=earlier, product_id=product)
        products = found_products(client, question, k) if reply.wants_products else None
    if as_json:
        found = asdict(reply) | ({} if products is None else {"products": [asdict(each) for each in products]})
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    print_reply(reply, products)


def found_products(client: Shelfwise, question: str, k: int) -> list[SearchAnswer] | None:
    """Returns what the model search finds for a wish; None where no such model is served."""
    try:
        return client.search(question, k=k)
    except ModelNotFoundError:
        return None


def print_reply(reply: Reply, products: Sequence[SearchAnswer] | None = None) -> None:
    """Prints a reply.

    Args:
        reply: What the model of answers said.
        products: What the model search found, where the question is a wish for products; None where it is none, or no
            such model is served.
    """
    if reply.wants_products:
        console.print("a wish for products")
        if products is None:
            console.print("no model `search` is served that could answer it")
        else:
            print_clusters(products)
    elif reply.hand_over:
        console.print(f"handed over: {_REASONS.get(reply.reason, reply.reason)}")
    if reply.intent:
        console.print(f"intent {reply.intent}, probability {reply.probability:.4f}")
    for name, value in reply.slots.items():
        console.print(Text(f"{name.replace('_', ' ')}: {value}"))
    if reply.wants_products or not reply.answers:
        return
    table = listing("probability", "answer id", "answer", figures=1)
    for answer in reply.answers:
        table.add_row(f"{answer.score:.4f}", answer.answer_id, answer.text)
    console.print(table)
