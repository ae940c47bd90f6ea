"""`shelfwise segment`: asks a running server for a user's segments; nothing here loads TFX or a model."""

import json
from dataclasses import asdict

from serving.client import ExplainedToken, SegmentAnswer
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.histories import print_as_of
from tfx_pipeline.terminal.user_history import UserHistory

_SHOWN_REASONS = 12


def segment(history: UserHistory, *, explain: bool, address: str, as_json: bool) -> None:
    """Prints a user's segments, the most probable first, and the behaviour in words."""
    arguments = (history.product_ids, history.event_types, history.age_seconds)
    with asking(address) as client:
        answer = client.segment(*arguments)
        reasons = client.explain_segment(*arguments) if explain else []
    if as_json:
        found = asdict(answer) | ({} if history.as_of is None else {"as_of": history.as_of})
        found |= {"reasons": [asdict(each) for each in reasons]} if explain else {}
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    print_as_of(history)
    print_segments(answer)
    if reasons:
        print_reasons(answer, reasons)


def print_segments(answer: SegmentAnswer) -> None:
    """Prints the segments, and what the user does."""
    table = listing("probability", "segment", figures=1)
    for each in answer.segments:
        table.add_row(f"{each.probability:.4f}", each.label)
    console.print(table)
    console.print(answer.behaviour)


def print_reasons(answer: SegmentAnswer, reasons: list[ExplainedToken]) -> None:
    """Prints what adds most to the best segment's probability, or takes most from it: the first of the reasons."""
    table = listing("adds", f"to {answer.segments[0].label}", figures=1)
    for each in reasons[:_SHOWN_REASONS]:
        table.add_row(f"{each.attribution:+.3f}", each.token)
    console.print(table)
