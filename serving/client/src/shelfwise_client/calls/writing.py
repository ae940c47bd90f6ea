"""What the client asks the model of texts: a description, an advertising line, a reply, or whether one is true."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shelfwise_client.call import (
    FLAG_ROWS,
    ROW_FLAG,
    ROW_FLOAT,
    ROW_TEXT,
    TEXT_ROWS,
    Call,
    Outputs,
    text_of,
    texts,
)
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import WRITING_MODEL
from shelfwise_client.signature_names import CHECK, SERVING_DEFAULT, VARIANTS

FIELDS = ("title", "brand", "category", "description", "price", "attributes", "offer", "question", "answer")


@dataclass(frozen=True)
class WrittenText:
    """A text that a machine wrote.

    Attributes:
        text: The text.
        checked: Whether it is the language model's own and says nothing but what it was given.
        reason: Why not; empty where it is.
        written_by: `model`, or `template` where the language model's text did not pass.
    """

    text: str
    checked: bool
    reason: str
    written_by: str


@dataclass(frozen=True)
class TextCheck:
    """Whether a text says nothing but its facts.

    Attributes:
        checked: Whether it does.
        reason: Why not, such as `not in the facts: number 99`.
        shared: The share of the facts' words that it has.
    """

    checked: bool
    reason: str
    shared: float


def write(what: str, fields: Mapping[str, str]) -> Call[WrittenText]:
    """Writes a text about a product or to a customer.

    Args:
        what: Its kind: `description`, `advertisement`, `reply`, or what the shop has configured.
        fields: What it is made of, of `FIELDS`: a product's title, brand, category, description, price, attributes and
            offer, or a question with its answer.

    Raises:
        ValueError: There is no such field.
        ServingError: The server did not answer.
    """
    outputs = {"text": ROW_TEXT, "checked": ROW_FLAG, "reason": ROW_TEXT, "written_by": ROW_TEXT}
    return Call(WRITING_MODEL, SERVING_DEFAULT, _inputs(what, fields), _read_text, outputs)


def write_variants(what: str, fields: Mapping[str, str]) -> Call[list[WrittenText]]:
    """Writes several texts that differ; see `write`.

    Raises:
        ValueError: There is no such field.
        ServingError: The server did not answer.
    """
    outputs = {"text": TEXT_ROWS, "checked": FLAG_ROWS, "reason": TEXT_ROWS, "written_by": TEXT_ROWS}
    return Call(WRITING_MODEL, VARIANTS, _inputs(what, fields), _read_variants, outputs)


def check_text(what: str, fields: Mapping[str, str], text: str) -> Call[TextCheck]:
    """Asks whether a text, written by anybody, says nothing but its facts; see `write`.

    Raises:
        ValueError: There is no such field.
        ServingError: The server did not answer.
    """
    inputs = {**_inputs(what, fields), "text": texts([text])}
    outputs = {"checked": ROW_FLAG, "reason": ROW_TEXT, "shared": ROW_FLOAT}
    return Call(WRITING_MODEL, CHECK, inputs, _read_check, outputs)


def _inputs(what: str, fields: Mapping[str, str]) -> dict[str, np.ndarray]:
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise ValueError(f"A text is made of {', '.join(FIELDS)}; got {', '.join(unknown)}.")
    return {"what": texts([what]), **{name: texts([fields.get(name, "")]) for name in FIELDS}}


def _read_text(outputs: Outputs) -> WrittenText:
    return WrittenText(
        text=text_of(outputs["text"][0]),
        checked=bool(outputs["checked"][0]),
        reason=text_of(outputs["reason"][0]),
        written_by=text_of(outputs["written_by"][0]),
    )


def _read_variants(outputs: Outputs) -> list[WrittenText]:
    names = ("text", "checked", "reason", "written_by")
    rows = zip(*(outputs[name][0] for name in names), strict=True)
    return [
        WrittenText(text_of(text), bool(checked), text_of(reason), text_of(by))
        for text, checked, reason, by in rows
        if text
    ]


def _read_check(outputs: Outputs) -> TextCheck:
    return TextCheck(bool(outputs["checked"][0]), text_of(outputs["reason"][0]), float(outputs["shared"][0]))


class WritingCalls:
    """The methods of a client that ask the model of texts."""

    write = ClientMethod(write)
    write_variants = ClientMethod(write_variants)
    check_text = ClientMethod(check_text)
