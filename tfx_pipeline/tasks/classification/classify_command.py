"""`shelfwise classify`: asks a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from components.errors import InputError
from serving.client import ExplainedToken, LabelAnswer
from shelfwise_client.errors import InvalidAnswerError, RefusedRequestError
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.picture_file import picture_file

_SHOWN_LABELS, _SHOWN_REASONS = 5, 12
# What a classifier of texts is asked with.
_INPUTS = {"text"}


def classify(text: str, *, model: str, explain: bool, address: str, as_json: bool, image: Path | None = None) -> None:
    """Prints the labels of a text, the most probable first.

    Raises:
        InputError: The model takes other inputs than a text, or the picture cannot be read.
        ServingError: The server did not answer.
    """
    picture = None if image is None else picture_file(image)
    with asking(address) as client:
        try:
            if picture is None:
                answer = client.classify(text, model)
            else:
                answer = client.classify_with_image(text, picture, model)
        except (RefusedRequestError, InvalidAnswerError) as error:
            if set(client.input_shapes(model, "serving_default")) == _INPUTS:
                raise
            raise InputError(f"--model {model}: `{model}` is no classifier of texts") from error
        reasons = client.explain_classification(text, model) if explain else []
    if as_json:
        console.print_json(json.dumps(_as_json(answer, reasons, explain), ensure_ascii=False))
        return
    table = listing("probability", "label", figures=1)
    for each in answer[:_SHOWN_LABELS]:
        table.add_row(f"{each.probability:.4f}", each.label)
    console.print(table)
    if reasons:
        print_reasons(answer, reasons)
    elif explain:
        console.print(f"the text has no word, so none adds to {answer[0].label}")


def print_reasons(answer: Sequence[LabelAnswer], reasons: Sequence[ExplainedToken]) -> None:
    """Prints the words and phrases that add most to the best label, or take most from it; they come in that order."""
    table = listing("adds", f"to {answer[0].label}", figures=1)
    for each in reasons[:_SHOWN_REASONS]:
        table.add_row(f"{each.attribution:+.3f}", each.token)
    console.print(table)


def _as_json(answer: Sequence[LabelAnswer], reasons: Sequence[ExplainedToken], explain: bool) -> dict[str, object]:
    found: dict[str, object] = {"labels": [asdict(each) for each in answer]}
    if explain:
        found["reasons"] = [asdict(each) for each in reasons]
    return found
