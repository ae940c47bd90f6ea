"""What is known of a user."""

from typing import Any

from tfx_pipeline.gateway.api.products import Reason
from tfx_pipeline.gateway.api.values import Answered, Given


class Label(Given):
    """A label and how probable it is."""

    label: str
    probability: float


class Segments(Answered):
    """The segments of a user, the most probable first.

    Attributes:
        segments: All segments.
        behaviour: What the user does, in words.
        events: How many events of the user the store has.
    """

    segments: list[Label]
    behaviour: str
    events: int


class PastEvent(Given):
    """An event of a user.

    Attributes:
        product_id: The product.
        title: Its title; empty where it is unknown.
        event_type: What was done with it.
        timestamp: When, in Unix seconds.
    """

    product_id: str
    title: str
    event_type: str
    timestamp: float


class Profile(Answered):
    """What a user is like, and why that is thought.

    Attributes:
        segments: All segments, the most probable first.
        behaviour: What the user does, in words.
        reasons: What speaks for the first segment, the strongest first.
        events: How many events the store has.
        latest: The latest of them, the newest first.
    """

    segments: list[Label]
    behaviour: str
    reasons: list[Reason]
    events: int
    latest: list[PastEvent]


class Offer(Given):
    """An offer for a user.

    Attributes:
        offer_id: Its id.
        text: What it says.
        probability: How probable a response is.
    """

    offer_id: str
    text: str
    probability: float


class Offers(Answered):
    """Current offers for a user, the best first.

    Attributes:
        offers: At most `k` offers.
        explored: Place, from 1, of the offer that was drawn by chance; 0 for none.
    """

    offers: list[Offer]
    explored: int = 0


class Forgotten(Given):
    """What a user's data was removed from.

    Attributes:
        request_id: The request's id.
        store_rows: Rows that the store had.
        log_rows: Rows that the log had.
        still_held_by: What else holds the user, and until when.
    """

    request_id: str
    store_rows: int
    log_rows: int
    still_held_by: list[str]


class Export(Given):
    """All that the gateway has of a user.

    Attributes:
        request_id: The request's id.
        user: The keyed hash that stands for the user in store and log; the id itself where ids are plain.
        events: Rows of the table `events`.
        impressions: Products that were shown, and what came of it.
        offer_impressions: The same of offers.
        queries: What was searched for.
    """

    request_id: str
    user: str
    events: list[dict[str, Any]]
    impressions: list[dict[str, Any]]
    offer_impressions: list[dict[str, Any]]
    queries: list[dict[str, Any]]
