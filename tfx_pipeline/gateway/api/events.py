"""Events that come in: rows of the table `events`, and the id that makes sending one twice harmless."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from tfx_pipeline.gateway.api.values import Amount, Given, Id, ShortText, Taken

MOST_EVENTS = 1000


class Event(Taken):
    """Who did what with which product, and when: a row of the table `events`.

    Attributes:
        event_id: Names the event: one that is sent again with the same id counts once. Without it, each counts.
        user_id: Who.
        product_id: With which product.
        event_type: What: one of the types that the shop's configuration weighs.
        timestamp: When: Unix seconds or ISO 8601; now where it is left out. Not in the future.
        request_id: The answer that it came of, so that what was shown there counts as clicked.
        basket_id: The basket of a purchase.
        store_id: The store.
        quantity: How many pieces.
        price: Of one piece.
        dwell_seconds: How long the product was looked at.
        query: What was searched for.
        value: A rating, from 1 to 5; under 3 the product is not liked, and in no answer until it is taken up again.
    """

    event_id: ShortText = ""
    user_id: Id
    product_id: Id
    event_type: Id
    timestamp: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | datetime | None = None
    request_id: ShortText = ""
    basket_id: ShortText | None = None
    store_id: ShortText | None = None
    quantity: Amount | None = None
    price: Amount | None = None
    dwell_seconds: Amount | None = None
    query: ShortText | None = None
    value: Annotated[float, Field(ge=1.0, le=5.0)] | None = None


class Events(Taken):
    """Several events at once; either all are taken or none."""

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_EVENTS)]


def _form(sent: Any) -> str:
    """Tells one event from several, so that what is wrong is said of the right form."""
    return "several" if isinstance(sent, Events) or (isinstance(sent, dict) and "events" in sent) else "one"


SentEvents = Annotated[
    Annotated[Event, Tag("one")] | Annotated[Events, Tag("several")],
    Discriminator(_form),
]
FORMS = ("one", "several")


class EventsTaken(Given):
    """What became of events; they are on disk, and in the next answer.

    Attributes:
        request_id: The request's id.
        accepted: Events that are new.
        repeated: Events whose id was there already.
        event_ids: The id of each, in the order in which they came.
    """

    request_id: str
    accepted: int
    repeated: int
    event_ids: list[str]


class Feedback(Taken):
    """What came of something that was shown.

    Attributes:
        user_id: Who it was shown to.
        request_id: The answer that it was shown in.
        product_id: The product, where it was one.
        offer_id: The offer, where it was one.
        outcome: What came of it, such as `clicked` or an outcome that the table `impressions` names.
    """

    user_id: Id
    request_id: Id
    product_id: ShortText = ""
    offer_id: ShortText = ""
    outcome: Id = "clicked"


class FeedbackTaken(Given):
    """Feedback that is on disk.

    Attributes:
        request_id: The request's id.
        known: Whether that was shown to the user in that answer, as far as the store remembers.
    """

    request_id: str
    known: bool
