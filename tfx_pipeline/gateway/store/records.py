"""What the store keeps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

# `impressions` are answers that showed products, `offers` those that showed offers; `outcomes` are what feedback says.
Kind = Literal["events", "impressions", "offers", "queries", "outcomes"]
KINDS: tuple[Kind, ...] = ("events", "impressions", "offers", "queries", "outcomes")
# What waits for the log, where outcomes are columns of what they are the outcome of.
LOGGED: tuple[Kind, ...] = ("events", "impressions", "offers", "queries")
# What answers are made of stays when it is in the log; the rest was kept for the log's sake.
LASTING: tuple[Kind, ...] = ("events", "offers", "outcomes")


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened.

    Attributes:
        kind: What it is.
        user: The key that stands for the user.
        at: When, in Unix seconds.
        id: Names it: a second record of the same kind and id counts as repeated.
        subject: The product of an event, what an outcome is of, the placement of an answer, or the query.
        name: The event's type, the model of an answer, or the outcome.
        request: The answer that it belongs to, or came of.
        more: What else is known of it.
    """

    kind: Kind
    user: str
    at: float
    id: str
    subject: str
    name: str = ""
    request: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Returns it as one line of text."""
        return json.dumps(
            [self.kind, self.user, self.at, self.id, self.subject, self.name, self.request, self.more],
            separators=(",", ":"),
        )

    @staticmethod
    def from_json(text: str | bytes) -> "Record":
        """Reads what `to_json` wrote."""
        return Record(*json.loads(text))


@dataclass(frozen=True, slots=True)
class History:
    """The latest events of a user, the newest last.

    Attributes:
        product_ids: Products.
        event_types: Types.
        times: Unix seconds.
    """

    product_ids: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    times: tuple[float, ...] = ()

    def ages(self, now: float) -> list[float]:
        """Returns how many seconds ago each event was."""
        ages: list[float] = np.maximum(now - np.array(self.times), 0.0).tolist()
        return ages
