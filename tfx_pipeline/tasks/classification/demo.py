"""What the demo asks the classifier of reviews."""

from typing import TYPE_CHECKING

from tfx_pipeline.tasks.classification.classify_command import print_reasons
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

_REVIEW = "It broke after a week, and nobody answers my mails."


def demonstrate(client: "Shelfwise") -> None:
    """Prints the mood of a review."""
    console.print(f'\nreview "{_REVIEW}"')
    answer = client.classify(_REVIEW)
    for each in answer:
        console.print(f"{each.probability:.4f}  {each.label}")
    print_reasons(answer, client.explain_classification(_REVIEW))
