"""What the demo asks the response model."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfx_pipeline.tasks.response.offers_command import print_offers, print_reasons
from tfx_pipeline.tasks.response.person import read_person
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.histories import print_as_of

if TYPE_CHECKING:
    from serving.client import Shelfwise

# A household that redeems coupons, on a day on which several campaigns run.
_USER, _DAY = "1", "2017-11-20"


def demonstrate(client: "Shelfwise", root: Path) -> None:
    """Prints which campaign's coupons a household redeems most likely, and why."""
    asked = read_person(_USER, root, _DAY, [])
    console.print(f"\nhousehold {_USER}, campaigns whose coupons it may redeem")
    print_as_of(asked.history)
    answers = client.rank_offers(asked.person, k=5)
    print_offers(answers)
    if answers:
        print_reasons(client.explain_offer(asked.person, answers[0].offer_id))
