"""What a message says of the refused rows of a table."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.tables.contract import USER_ID
from components.tables.quarantine import (
    UNKNOWN_EVENT_TYPE,
    QuarantineCounts,
    describe_unknown_event_types,
    first_refused_rows,
)
from components.tables.refusals.reasons import advice_for, column_of

_REASONS_SHOWN = 5
_VALUES_SHOWN = 3
_MOST_CHARACTERS = 60
# As in `line 3 of events.csv: expected 6 fields, got 7`.
_PLACE = re.compile(r"(?:line|row) (\d+) of (.*?)(?:: .*)?$", re.DOTALL)


@dataclass
class _Seen:
    """What was seen of one reason: values with how often, and the detail of the first row, by file and place."""

    values: Counter[str] = field(default_factory=Counter)
    first: tuple[tuple[str, int], str] | None = None

    def see(self, refused: Mapping[str, Any]) -> None:
        """Takes a line of the quarantine."""
        column = column_of(refused["reason"], refused["row"])
        # Neither ids of users nor lines that may hold one: they stand for somebody.
        value = None if column == USER_ID else refused["row"].get(column or "")
        if value not in (None, ""):
            self.values[str(value)] += 1
        detail = refused["detail"]
        place = _PLACE.match(detail)
        where = ((place[2], int(place[1])) if place else ("", 0), detail)
        self.first = where if self.first is None else min(self.first, where)

    def described(self, reason: str, *, alone: bool) -> str:
        """Says what was seen, where, and what to do; of a reason that stands alone the name has been said."""
        values = [value for value, _ in self.values.most_common(_VALUES_SHOWN)]
        shown = ", ".join(f"`{_shown(value)}`" for value in values)
        where = f"first on {self.first[1]}" if self.first and self.first[1] else ""
        seen = f"{shown} ({where})" if shown and where else shown or where
        said = "; ".join(part for part in (seen, advice_for(reason, values)) if part)
        if not said:
            return ""
        if not alone:
            return f" {reason}: {said}."
        return f" Seen: {said}." if shown else f" {said[0].upper()}{said[1:]}."


def describe_bad_rows(uri: str, counts: QuarantineCounts) -> str:
    """Says of the most frequent reasons what was seen, where it was seen first, and what to do.

    Up to three values a reason are shown, as the quarantine has them: of very many rows, out of its first ones.

    Args:
        uri: The quarantine's folder.
        counts: What it holds.

    Returns:
        A sentence for each reason, with a space before it; empty where no row is bad.
    """
    reasons = counts.bad_reasons()[:_REASONS_SHOWN]
    seen = {reason: _Seen() for reason in reasons}
    for refused in first_refused_rows(uri):
        if refused["reason"] in seen:
            seen[refused["reason"]].see(refused)
    return "".join(
        describe_unknown_event_types(uri, counts)
        if reason == UNKNOWN_EVENT_TYPE
        else seen[reason].described(reason, alone=len(counts.bad) == 1)
        for reason in reasons
    )


def _shown(value: str) -> str:
    text = value if len(value) <= _MOST_CHARACTERS else value[:_MOST_CHARACTERS] + "…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
