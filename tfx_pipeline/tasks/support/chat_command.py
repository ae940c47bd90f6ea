"""`shelfwise chat`: talks with a running server's models as a customer does; nothing here loads TFX or a model."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.text import Text

from serving.client import ChatAnswer
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.user_history import UserHistory

_PROMPT = "> "


def chat(
    turns: Sequence[str], *, history: UserHistory, product: str, k: int, address: str, rewords: bool, as_json: bool
) -> None:
    """Prints what the shop says to each turn.

    Args:
        turns: What the customer says; none at all reads a line a turn from the terminal, until its end.
        history: The customer's events.
        product: Id of the product that the talk is about; empty for none.
        k: Products to show.
        address: HOST:PORT of the server.
        rewords: Whether the model of texts may word answers anew.
        as_json: Whether a line of JSON is printed for each answer.
    """
    dialogue: list[str | ChatAnswer] = []
    with asking(address) as client:
        for turn in turns or _typed():
            dialogue.append(turn)
            answer = client.chat(
                dialogue,
                history.product_ids,
                history.event_types,
                history.age_seconds,
                product_id=product,
                k=k,
                rewords=rewords,
            )
            dialogue.append(answer)
            if as_json:
                console.print(json.dumps(asdict(answer), ensure_ascii=False))
                continue
            if turns:
                console.print(Text(f"{_PROMPT}{turn}", style="dim"))
            console.print(Text(answer.text))
            if about := _about(answer):
                console.print(Text(about, style="dim"))


def _typed() -> Iterator[str]:
    while True:
        try:
            line = input(_PROMPT).strip()
        except EOFError:
            return
        if line:
            yield line


def _about(answer: ChatAnswer) -> str:
    """Says where an answer comes from, or why there is none."""
    if answer.hand_over:
        return f"handed over: {answer.reason.replace('_', ' ')}"
    return f"from {', '.join(answer.sources)}" if answer.sources else ""
