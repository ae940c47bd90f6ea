"""What the demo asks the model of texts."""

from typing import TYPE_CHECKING

from rich.text import Text

from tfx_pipeline.tasks.writing.ask_command import print_check, print_text
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

_PRODUCT = {"title": "Shredded Cheese, 8 oz (Private brand, Cheese)", "brand": "Private", "category": "Cheese"}
_FALSE = "Organic shredded cheese in a bag of 16 ounces, guaranteed fresh."


def demonstrate(client: "Shelfwise") -> None:
    """Prints a description, and what is wrong with a text that says more than is known."""
    console.print(f"\ndescription of: {_PRODUCT['title']}")
    print_text(client.write("description", _PRODUCT))
    console.print(Text(f"\nclaim: {_FALSE}"))
    print_check(client.check_text("description", _PRODUCT, _FALSE))
