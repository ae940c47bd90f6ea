"""Events that come in."""

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from components.events.options import LEAST_LIKED_VALUE
from tfx_pipeline.gateway.api.events import Event, Events, EventsTaken, Feedback, FeedbackTaken, SentEvents
from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.log.rows import SHOWN
from tfx_pipeline.gateway.parts import Parts, Shop
from tfx_pipeline.gateway.routes.parameters import ToSendEvents
from tfx_pipeline.gateway.store.records import Record

# A client's clock may be that much ahead.
_FUTURE_SECONDS = 300.0
# Columns of the table `events` that a record has no place of its own for.
_MORE = ("basket_id", "store_id", "quantity", "price", "dwell_seconds", "query", "value")

router = APIRouter(tags=["events"])


@router.post("/events", status_code=202)
async def add_events(sent: SentEvents, asked: ToSendEvents) -> EventsTaken:
    """Take one event, or several.

    When this is answered, they are on disk and in the next answer. Sending an event again with its `event_id` is safe.
    """
    parts, request_id = asked
    events = sent.events if isinstance(sent, Events) else [sent]
    now = parts.now()
    records = [_record(event, parts, now) for event in events]
    new = await parts.store.add(records)
    parts.metrics.events.labels("new").inc(sum(new))
    parts.metrics.events.labels("repeated").inc(len(new) - sum(new))
    return EventsTaken(
        request_id=request_id,
        accepted=sum(new),
        repeated=len(new) - sum(new),
        event_ids=[record.id for record in records],
    )


@router.post("/feedback", status_code=202)
async def add_feedback(feedback: Feedback, asked: ToSendEvents) -> FeedbackTaken:
    """Take down what came of a product or an offer that was shown; the log's impressions hold it."""
    parts, request_id = asked
    known_outcomes = ("clicked", "purchased", *parts.shop.outcomes)
    if feedback.outcome not in known_outcomes:
        raise Refused(422, f"`outcome`: expected one of {', '.join(known_outcomes)}, got {feedback.outcome!r:.80}.")
    subject = feedback.product_id or feedback.offer_id
    if not subject or (feedback.product_id and feedback.offer_id):
        raise Refused(422, "Say either `product_id` or `offer_id`: what the feedback is about.")
    user = parts.users.of(feedback.user_id)
    shown = await parts.impressions.latest(user, "offers" if feedback.offer_id else "impressions")
    known = any(record.request == feedback.request_id and subject in record.more[SHOWN] for record in shown)
    record = Record(
        kind="outcomes",
        user=user,
        at=parts.now(),
        # The same said twice is said once.
        id=f"{feedback.request_id}:{subject}:{feedback.outcome}",
        subject=subject,
        name=feedback.outcome,
        request=feedback.request_id,
    )
    await parts.store.add([record])
    return FeedbackTaken(request_id=request_id, known=known)


def _record(event: Event, parts: Parts, now: float) -> Record:
    known_types = parts.shop.event_types
    if known_types and event.event_type not in known_types:
        raise Refused(422, f"`event_type`: expected one of {', '.join(known_types)}, got {event.event_type!r:.80}.")
    if not event.event_type.strip():
        raise Refused(422, "`event_type`: expected a name, got nothing but spaces.")
    at = _seconds(event.timestamp, now)
    if at < 0:
        raise Refused(422, f"`timestamp`: expected a time after 1970, got {event.timestamp}.")
    if at > now + _FUTURE_SECONDS:
        raise Refused(
            422, f"`timestamp`: expected a time up to now, got {event.timestamp}, {at - now:.0f} seconds from now."
        )
    more: dict[str, Any] = {name: value for name in _MORE if (value := getattr(event, name)) is not None}
    return Record(
        kind="events",
        user=parts.users.of(event.user_id),
        at=min(at, now),
        id=event.event_id or uuid.uuid4().hex,
        subject=event.product_id,
        name=type_of(event, parts.shop),
        request=event.request_id,
        more=more,
    )


def type_of(event: Event, shop: Shop) -> str:
    """Returns the type that an event counts as: a low rating is of the type that a run reads it as."""
    low = event.value is not None and event.value < LEAST_LIKED_VALUE
    return shop.low_rated_type if low and shop.low_rated_type is not None else event.event_type


def _seconds(timestamp: float | datetime | None, now: float) -> float:
    if timestamp is None:
        return now
    if isinstance(timestamp, datetime):
        # A time that names no zone is read as UTC.
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).timestamp()
    return float(timestamp)
