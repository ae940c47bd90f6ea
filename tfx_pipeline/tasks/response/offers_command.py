"""`shelfwise offers`: asks a running server which offers a user responds to; nothing here loads TFX or a model."""

import json
from dataclasses import asdict

from serving.client import ExplainedFeature, OfferAnswer
from tfx_pipeline.tasks.response.person import AskedPerson
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.histories import print_as_of

_SHOWN_REASONS = 8


def offers(asked: AskedPerson, *, k: int, max_shown: int, explain: bool, address: str, as_json: bool) -> None:
    """Prints the offers that a user most likely responds to, the best first."""
    with asking(address) as client:
        answers = client.rank_offers(asked.person, k=k, max_shown=max_shown)
        reasons = client.explain_offer(asked.person, answers[0].offer_id) if explain and answers else []
    if as_json:
        found = {"offers": [asdict(each) for each in answers], "as_of": asked.history.as_of}
        found |= {"reasons": [asdict(each) for each in reasons]} if explain else {}
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    print_as_of(asked.history)
    print_offers(answers)
    if reasons:
        print_reasons(reasons)


def print_offers(answers: list[OfferAnswer]) -> None:
    """Prints offers with their probabilities."""
    if not answers:
        console.print("no current offer: none runs at this moment, or each was shown as often as --max-shown says")
        return
    table = listing("probability", "offer id", "offer", figures=1)
    for each in answers:
        table.add_row(f"{each.probability:.4f}", each.offer_id, each.text)
    console.print(table)


def print_reasons(reasons: list[ExplainedFeature]) -> None:
    """Prints what adds most to the best offer's probability, or takes most from it."""
    table = listing("adds", "to the best offer", figures=1)
    for each in reasons[:_SHOWN_REASONS]:
        table.add_row(f"{each.attribution:+.3f}", each.name.replace("_", " "))
    console.print(table)
