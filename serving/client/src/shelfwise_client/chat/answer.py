"""What the shop says in a turn of a dialogue."""

import re
from dataclasses import dataclass

# What stands before the limits that a search says it understood, and what a query says instead.
_LABELS = ((r"^(?:price|size) ", ""), (r"^without: ", "without "), (r"^for: ", "for "), (r"^brand: ", "brand "))


@dataclass(frozen=True)
class ChatProduct:
    """A product of the catalogue; the price is None where it is not known."""

    product_id: str
    title: str
    price: float | None


@dataclass(frozen=True)
class ChatAnswer:
    """What the shop says.

    Attributes:
        text: It, in words; the products with their prices are lines of it.
        products: The products that it speaks of.
        sources: What it is made of: `answer:ID` of the shop's answers, `search`, `recommendation`, `together` or
            `catalogue`; empty where it only asks, greets or hands over.
        understood: The limits that hold for what was searched for, joined by "; ".
        asked: What was searched for beside them; what the next turn may add to.
        asks_back: Whether the shop asks the customer to say more.
        hand_over: Whether a person is to answer.
        reason: Why: `not_sure`, `empty_question` or `nothing_found`; empty where nobody has to.
    """

    text: str
    products: tuple[ChatProduct, ...] = ()
    sources: tuple[str, ...] = ()
    understood: str = ""
    asked: str = ""
    asks_back: bool = False
    hand_over: bool = False
    reason: str = ""

    @property
    def query(self) -> str:
        """What was searched for with its limits, as a query that says the same."""
        return with_limits(self.asked, self.understood)


def with_limits(asked: str, understood: str) -> str:
    """Returns words and the limits that a search understood as one query."""
    limits = [limit for limit in understood.split("; ") if limit]
    for pattern, instead in _LABELS:
        limits = [re.sub(pattern, instead, limit) for limit in limits]
    return ", ".join(filter(None, [asked, *limits]))
