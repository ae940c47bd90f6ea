"""What is counted of events on their way to the examples, to know whether something has to be cancelled."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import BASKET_ID, USER_ID
from components.tables.shaping.tallies import SET_ASIDE_KEY_PREFIX

# Rows set aside, by reason: what gives something back, and what that left nothing of.
RETURN, CANCELLED = "return", "cancelled"
RETURN_KEY, CANCELLED_KEY = SET_ASIDE_KEY_PREFIX + RETURN, SET_ASIDE_KEY_PREFIX + CANCELLED
GUESTS, GUESTS_RETURN = "guests", "guests:return"
UNMATCHED, LOWERED = "unmatched", "lowered"
_OF_NUMBERS, _OF_CANCELLATIONS, _OTHERS = "baskets:numbers", "baskets:cancellations", "baskets:others"
# Invoices of many a till are numbers, and what cancels one is C and a number.
_NUMBER, _CANCELLATION = r"^\d+$", r"^[Cc]\d+$"


def count_orders(good: pa.RecordBatch, returned: int) -> Counter[str]:
    """Counts the rows that give something back, the rows of guests, and what the ids of baskets look like.

    Args:
        good: Good rows in the examples' columns.
        returned: How many rows beside them give something back.
    """
    baskets = good[BASKET_ID].flatten()
    numbers, cancellations = (_matches(baskets, pattern) for pattern in (_NUMBER, _CANCELLATION))
    counts = {
        RETURN_KEY: returned,
        GUESTS: good[USER_ID].null_count,
        _OF_NUMBERS: numbers,
        _OF_CANCELLATIONS: cancellations,
        _OTHERS: len(baskets) - numbers - cancellations,
    }
    return Counter({name: count for name, count in counts.items() if count})


def baskets_cancel(counts: Mapping[str, int]) -> bool:
    """Tells whether a basket_id of C and digits is a cancellation: if most other ids of the table are digits alone.

    Args:
        counts: What `count_orders` counted, added up.
    """
    return counts.get(_OF_CANCELLATIONS, 0) > 0 and counts.get(_OF_NUMBERS, 0) > counts.get(_OTHERS, 0)


def describe_orders(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Says what became of returns, and what guests count for; a sentence each, none where there are none.

    Args:
        counts: What `count_orders` and `CancelPurchases` counted, added up.
    """
    notes = []
    if returned := counts.get(RETURN_KEY, 0):
        cancelled, lowered, unmatched = (counts.get(name, 0) for name in (CANCELLED_KEY, LOWERED, UNMATCHED))
        notes.append(
            f"Rows that give something back: {returned:,}. They cancel {cancelled:,} purchases and leave {lowered:,} "
            f"with fewer pieces; {unmatched:,} find no earlier purchase of their user and product."
        )
    if guests := guest_count(counts):
        notes.append(
            f"Rows of guests, who have no user_id: {guests:,}. Their baskets count for what is bought together and for "
            "what is popular, and for no user."
        )
    return tuple(notes)


def guest_count(counts: Mapping[str, int]) -> int:
    """Returns how many good rows have no user."""
    return counts.get(GUESTS, 0) - counts.get(GUESTS_RETURN, 0)


def cancellations(baskets: pa.Array) -> pa.Array:
    """Tells which ids of baskets are C and digits; null where there is no id."""
    return pc.match_substring_regex(baskets, _CANCELLATION)


def _matches(texts: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0)
