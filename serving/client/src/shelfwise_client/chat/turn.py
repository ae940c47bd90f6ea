"""A turn of a dialogue, and how it asks the models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shelfwise_client.call import Call
from shelfwise_client.chat.answer import ChatAnswer
from shelfwise_client.chat.words import ChatWords
from shelfwise_client.errors import ModelNotFoundError
from shelfwise_client.methods import Talk
from shelfwise_client.signature_memory import MissingSignatureError

Result = TypeVar("Result")

# Why a person is to answer.
NOT_SURE, NOTHING_FOUND = "not_sure", "nothing_found"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a turn is answered by.

    Attributes:
        question: What the customer says.
        earlier: What the customer said before, the newest last.
        topic: Those of the latest turns that the shop has given the same answer to; none where it said another thing.
        last: The shop's last answer with products; an empty one before the first.
        asked_back: Whether the shop has just asked back.
        may_ask: Whether the shop may ask back: it has not done so.
        history: The customer's events: products, types and ages.
        product_id: The product that is spoken of.
        k: Products to show.
        words: The customers' language.
        rewords: Whether the model of texts may word an answer anew.
    """

    question: str
    earlier: Sequence[str]
    topic: Sequence[str]
    last: ChatAnswer
    asked_back: bool
    may_ask: bool
    history: tuple[Sequence[str], Sequence[str] | None, Sequence[float] | None]
    product_id: str
    k: int
    words: ChatWords
    rewords: bool


def answer_to(call: Call[Result]) -> Talk[Result | None]:
    """Returns what a model answers; None where it is not served, or has no such signature."""
    try:
        answer: Result = yield call
    except (ModelNotFoundError, MissingSignatureError):
        return None
    return answer
