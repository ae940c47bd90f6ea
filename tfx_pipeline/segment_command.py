"""`shelfwise segment`: asks a running server for a user's segments; nothing here loads TFX or a model."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.errors import InputError
from serving.client import ExplainedToken, SegmentAnswer, Shelfwise
from tfx_pipeline.console import console, listing
from tfx_pipeline.user_history import History

_SHOWN_REASONS = 12


def segment(history: History, *, explain: bool, address: str, as_json: bool) -> None:
    """Prints a user's segments, the most probable first, and the behaviour in words."""
    arguments = (history.product_ids, history.event_types, history.ages_seconds)
    with Shelfwise(address) as client:
        answer = client.segment(*arguments)
        reasons = client.explain_segment(*arguments) if explain else []
    if as_json:
        found = asdict(answer) | ({"reasons": [asdict(each) for each in reasons]} if explain else {})
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    print_segments(answer)
    if reasons:
        print_reasons(answer, reasons)


def recommend_to(segment: str, root: Path, *, k: int, as_json: bool) -> None:
    """Prints the products to offer a segment, by the share of its users that they are recommended to, times the lift.

    Raises:
        InputError: The root has no segments, not this one, or no products for it.
    """
    file = root / "segments" / "profiles.json"
    if not file.exists():
        raise InputError(f"{file}: there is none; run a configuration with the task segmentation, or give its --root.")
    profiles: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if segment not in profiles:
        raise InputError(f"--segment {segment}: there is no such segment; {root} has {', '.join(profiles)}.")
    products = profiles[segment]["products"][:k]
    if not products:
        raise InputError(f"--segment {segment}: it has no products; the run needs the task recommendation too.")
    if as_json:
        console.print_json(json.dumps(products, ensure_ascii=False))
        return
    table = listing("score", "lift", "product id", "title", figures=2, cut=True)
    for product in products:
        table.add_row(f"{product['score']:.3f}", f"{product['lift']:.2f}", product["product_id"], product["title"])
    console.print(table)


def print_segments(answer: SegmentAnswer) -> None:
    """Prints the segments, and what the user does."""
    table = listing("probability", "segment", figures=1)
    for each in answer.segments:
        table.add_row(f"{each.probability:.4f}", each.label)
    console.print(table)
    console.print(answer.behaviour)


def print_reasons(answer: SegmentAnswer, reasons: list[ExplainedToken]) -> None:
    """Prints the tokens and numbers that add most to the best segment, or take most from it."""
    strongest = sorted(reasons, key=lambda each: -abs(each.attribution))[:_SHOWN_REASONS]
    table = listing("adds", f"to {answer.segments[0].label}", figures=1)
    for each in strongest:
        table.add_row(f"{each.attribution:+.3f}", each.token)
    console.print(table)
