"""`shelfwise classify`: asks a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from serving.client import ExplainedToken, LabelAnswer, Shelfwise
from tfx_pipeline.console import console, listing

_SHOWN_LABELS = 5


def classify(text: str, *, model: str, explain: bool, address: str, as_json: bool) -> None:
    """Prints the labels of a text, the most probable first."""
    with Shelfwise(address) as client:
        answer = client.classify(text, model)
        tokens = client.explain_classification(text, model) if explain else []
    if as_json:
        console.print_json(json.dumps(_as_json(answer, tokens, explain), ensure_ascii=False))
        return
    table = listing("probability", "label", figures=1)
    for each in answer[:_SHOWN_LABELS]:
        table.add_row(f"{each.probability:.4f}", each.label)
    console.print(table)
    if tokens:
        shown = "  ".join(f"{each.token} {each.attribution:+.3f}" for each in tokens)
        console.print(f"what each token adds to {answer[0].label}: {shown}")


def _as_json(answer: Sequence[LabelAnswer], tokens: Sequence[ExplainedToken], explain: bool) -> dict[str, object]:
    found: dict[str, object] = {"labels": [asdict(each) for each in answer]}
    if explain:
        found["tokens"] = [asdict(each) for each in tokens]
    return found
