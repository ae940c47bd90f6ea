"""The merchant's word: other words for the same thing, and products with a place of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

BANNED = 0

RelationKind = Literal["accessory", "replaces", "variant"]


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A product that stands at a place, or does not stand at all, for a time.

    Attributes:
        product_id: The product.
        query: The query that it is for; "" for any.
        category: The category that a request must be filtered by; "" for any.
        place: From 1 on; `BANNED` for nowhere.
        start: Unix seconds from which it holds.
        end: Unix seconds up to which it holds, exclusive.
    """

    product_id: bytes
    query: str = ""
    category: str = ""
    place: int = BANNED
    start: float = float("-inf")
    end: float = float("inf")


class Relation(NamedTuple):
    """That a product is an accessory of another, replaces it, or is a variant of it."""

    product_id: bytes
    related_id: bytes
    kind: RelationKind


@dataclass(frozen=True, kw_only=True)
class MerchantWord:
    """What a merchant says.

    Attributes:
        synonyms: Terms of one or two words in the singular, and the words that each is read as.
        pins: Products with a place, the first of a place first.
        relations: What products are to others.
    """

    synonyms: Mapping[str, str] = field(default_factory=dict)
    pins: Sequence[Pin] = ()
    relations: Sequence[Relation] = ()


SAYS_NOTHING = MerchantWord()
