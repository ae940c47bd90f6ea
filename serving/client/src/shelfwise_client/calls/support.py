"""What the client asks the model of answers: a question to the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from shelfwise_client.call import (
    FLOAT_ROWS,
    ROW_FLAG,
    ROW_FLOAT,
    ROW_TEXT,
    TEXT_ROWS,
    Call,
    Outputs,
    Row,
    id_of,
    side_by_side,
    text_of,
    texts,
    without_padding,
)
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import SUPPORT_MODEL
from shelfwise_client.signature_names import REPLY

_ANSWER_OUTPUTS = ("answer_ids", "texts", "scores")
_OUTPUTS = {
    "intent": ROW_TEXT,
    "probability": ROW_FLOAT,
    "answer_ids": TEXT_ROWS,
    "texts": TEXT_ROWS,
    "scores": FLOAT_ROWS,
    "confidence": ROW_FLOAT,
    "wants_products": ROW_FLAG,
    "slot_names": TEXT_ROWS,
    "slot_values": TEXT_ROWS,
    "hand_over": ROW_FLAG,
    "reason": ROW_TEXT,
}


@dataclass(frozen=True)
class FoundAnswer:
    """An answer of the shop, and how probable it is that no other one is better."""

    answer_id: str
    text: str
    score: float


@dataclass(frozen=True)
class Reply:
    """What the desk says to a question.

    Attributes:
        intent: What the question wants; empty where no answer has an intent.
        probability: How probable that is.
        answers: The best answers, the best one first; it is to be given where neither `hand_over` nor `wants_products`.
        confidence: How probable it is that the first answer is right.
        wants_products: Whether products are wished for: the model search answers that.
        slots: What was found in the question or before it, by name, such as an order's number.
        hand_over: Whether a person is to answer.
        reason: Why: `not_sure` or `empty_question`; empty where nobody has to.
    """

    intent: str
    probability: float
    answers: list[FoundAnswer]
    confidence: float
    wants_products: bool
    slots: Mapping[str, str] = field(default_factory=dict)
    hand_over: bool = False
    reason: str = ""


def reply(question: str, *, earlier: Sequence[str] = (), product_id: str = "") -> Call[Reply]:
    """Answers a question, or says that a person should.

    Args:
        question: Any text; of a very long one the beginning is read.
        earlier: The turns of the conversation before it, the newest last; of more than six the latest are sent.
        product_id: The product that is asked about; empty for none.

    Raises:
        ServingError: The server did not answer.
    """
    inputs: dict[str, np.ndarray | Row] = {
        "question": texts([question]),
        "earlier": Row(texts(earlier), keep_last=True),
        "product_id": texts([product_id]),
    }
    return Call(SUPPORT_MODEL, REPLY, inputs, _read_reply, _OUTPUTS)


def _read_reply(outputs: Outputs) -> Reply:
    return Reply(
        intent=text_of(outputs["intent"][0]),
        probability=float(outputs["probability"][0]),
        answers=[
            FoundAnswer(id_of(answer_id), text_of(text), float(score))
            for answer_id, text, score in without_padding(outputs, *_ANSWER_OUTPUTS)
        ],
        confidence=float(outputs["confidence"][0]),
        wants_products=bool(outputs["wants_products"][0]),
        slots={
            text_of(name): text_of(value) for name, value in side_by_side(outputs, "slot_names", "slot_values") if name
        },
        hand_over=bool(outputs["hand_over"][0]),
        reason=text_of(outputs["reason"][0]),
    )


class SupportCalls:
    """The methods of a client that ask the model of answers."""

    reply = ClientMethod(reply)
