"""What the demo asks the model of answers."""

from typing import TYPE_CHECKING

from tfx_pipeline.tasks.support.ask_command import found_products, print_reply
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

# One that the shop has an answer to, and one that it has none to.
_ASKED = ("my milk was sour when I opened it, can I bring it back?", "who painted the picture behind your till?")


def demonstrate(client: "Shelfwise") -> None:
    """Prints the replies to two questions."""
    for question in _ASKED:
        console.print(f"\nquestion: {question}")
        reply = client.reply(question)
        print_reply(reply, found_products(client, question, 5) if reply.wants_products else None)
