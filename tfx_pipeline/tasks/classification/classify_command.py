"""`shelfwise classify`: asks a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from components.errors import InputError
from serving.client import ExplainedToken, LabelAnswer, Shelfwise
from serving.client.errors import RefusedRequestError
from tfx_pipeline.terminal.console import console, listing

_SHOWN_LABELS = 5
# What a classifier of texts is asked with.
_INPUTS = {"text"}


def classify(text: str, *, model: str, explain: bool, address: str, as_json: bool) -> None:
    """Prints the labels of a text, the most probable first.

    Raises:
        InputError: The model takes other inputs than a text.
        ServingError: The server did not answer.
    """
    with Shelfwise(address) as client:
        try:
            answer = client.classify(text, model)
        except RefusedRequestError as error:
            if set(client.input_shapes(model, "serving_default")) == _INPUTS:
                raise
            raise InputError(f"--model {model}: `{model}` is no classifier of texts") from error
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
    elif explain:
        console.print(f"the text has no token, so none adds to {answer[0].label}")


def _as_json(answer: Sequence[LabelAnswer], tokens: Sequence[ExplainedToken], explain: bool) -> dict[str, object]:
    found: dict[str, object] = {"labels": [asdict(each) for each in answer]}
    if explain:
        found["tokens"] = [asdict(each) for each in tokens]
    return found
