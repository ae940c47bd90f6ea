"""Rows of the log's tables, made of records."""

from collections.abc import Sequence
from typing import Any

from tfx_pipeline.gateway.store.records import Record

CLICKED, PURCHASED = "clicked", "purchased"
# Of the record of an answer or a query: what was shown, from the first place on, and with which chance.
SHOWN, PROPENSITIES = "shown", "propensities"


def event_row(event: Record) -> dict[str, Any]:
    """Returns the row of an event."""
    return {
        "user_id": event.user,
        "product_id": event.subject,
        "event_type": event.name,
        "timestamp": int(event.at),
        "event_id": event.id,
        "request_id": event.request or None,
        **event.more,
    }


def impression_rows(shown: Record, outcomes: "Outcomes", names: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the rows of the products or offers of an answer, from the first place on.

    Args:
        shown: The answer.
        outcomes: What came of what the user was shown.
        names: Names of the outcomes that a row has.
    """
    subject = "offer_id" if shown.kind == "offers" else "product_id"
    propensities = shown.more.get(PROPENSITIES) or [None] * len(shown.more[SHOWN])
    rows = []
    for place, (each, propensity) in enumerate(zip(shown.more[SHOWN], propensities, strict=True), start=1):
        found, responded_at = outcomes.of(shown, each, names)
        rows.append(
            {
                "shown_at": int(shown.at),
                "user_id": shown.user,
                subject: each,
                "placement": shown.more["placement"],
                "position": place,
                "propensity": propensity,
                "request_id": shown.request,
                "model": shown.name or None,
                "version": shown.more["version"],
                "responded_at": None if responded_at is None else int(responded_at),
                **found,
            }
        )
    return rows


def query_row(query: Record, clicked: bool | None) -> dict[str, Any]:
    """Returns the row of a query; `clicked` is None where nobody knows who asked."""
    return {
        "asked_at": int(query.at),
        "user_id": query.user or None,
        "query": query.subject,
        "clicked": clicked,
        "request_id": query.request,
        "model": query.name or None,
        **query.more,
    }


class Outcomes:
    """What came of what one user was shown.

    An event is an outcome if its product was shown before it, not longer ago than some time; an event that names the
    answer that it came of is one of that answer alone.

    Args:
        events: The user's events.
        feedback: Records of kind `outcomes` of the user.
        bought_event_type: The type of events that are purchases.
        seconds: How long after something was shown an event counts.
    """

    def __init__(
        self, events: Sequence[Record], feedback: Sequence[Record], bought_event_type: str, seconds: float
    ) -> None:
        self._bought, self._seconds = bought_event_type, seconds
        self._events: dict[str, list[Record]] = {}
        for event in events:
            self._events.setdefault(event.subject, []).append(event)
        self._feedback: dict[tuple[str, str], list[Record]] = {}
        for said in feedback:
            self._feedback.setdefault((said.request, said.subject), []).append(said)

    def of(self, shown: Record, subject: str, names: Sequence[str]) -> tuple[dict[str, bool], float | None]:
        """Returns whether each outcome came of something shown, and when the first one came.

        Args:
            shown: The answer that showed it.
            subject: The product, or the offer.
            names: Names of the outcomes.
        """
        events = [] if shown.kind == "offers" else self._events_after(shown, subject)
        said = self._feedback.get((shown.request, subject), [])
        found = {each.name for each in said}
        if events or found:
            found.add(CLICKED)
        if any(event.name == self._bought for event in events):
            found.add(PURCHASED)
        times = [each.at for each in (*events, *said)]
        return {name: name in found for name in names}, min(times, default=None)

    def clicked(self, query: Record) -> bool:
        """Returns whether something that was shown for a query had an outcome; the query's `shown` says what was."""
        shown = query.more.get(SHOWN, ())
        return any(
            self._feedback.get((query.request, subject)) or self._events_after(query, subject) for subject in shown
        )

    def _events_after(self, shown: Record, product_id: str) -> list[Record]:
        return [
            event
            for event in self._events.get(product_id, ())
            if shown.at <= event.at <= shown.at + self._seconds and event.request in ("", shown.request)
        ]
