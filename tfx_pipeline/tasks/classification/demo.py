"""What the demo asks the classifier of reviews."""

from typing import TYPE_CHECKING

from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

_REVIEW = "It broke after a week, and nobody answers my mails."


def demonstrate(client: "Shelfwise") -> None:
    """Prints the mood of a review."""
    console.print(f'\nreview "{_REVIEW}"')
    for answer in client.classify(_REVIEW):
        console.print(f"{answer.probability:.4f}  {answer.label}")
