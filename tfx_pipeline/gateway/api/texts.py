"""Texts that come in, and what is said of them."""

from typing import Annotated

from pydantic import Field

from tfx_pipeline.gateway.api.users import Label
from tfx_pipeline.gateway.api.values import Answered, Given, LongText, ShortText, Taken


class TextToClassify(Taken):
    """A text that is to be given labels."""

    text: LongText


class Labels(Answered):
    """All labels of a text, the most probable first."""

    labels: list[Label]


class Question(Taken):
    """A question to the shop.

    Attributes:
        question: Any text.
        earlier: The turns of the conversation before it, the newest last.
        product_id: The product that is asked about.
        user_id: Who asks.
    """

    question: LongText
    earlier: Annotated[list[LongText], Field(max_length=100)] = []
    product_id: ShortText = ""
    user_id: ShortText = ""


class PossibleAnswer(Given):
    """An answer of the shop, and how probable it is that no other one is better."""

    answer_id: str
    text: str
    score: float


class Reply(Answered):
    """What the desk says to a question.

    Attributes:
        intent: What the question wants; empty where no answer has an intent.
        probability: How probable that is.
        answers: The best answers, the best one first; it is to be given where neither `hand_over` nor `wants_products`.
        confidence: How probable it is that the first answer is right.
        wants_products: Whether products are wished for: `/search` answers that.
        slots: What was found in the question or before it, by name, such as an order's number.
        hand_over: Whether a person is to answer.
        reason: Why: `not_sure` or `empty_question`; empty where nobody has to.
    """

    intent: str
    probability: float
    answers: list[PossibleAnswer]
    confidence: float
    wants_products: bool
    slots: dict[str, str]
    hand_over: bool
    reason: str
