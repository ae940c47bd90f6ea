"""How the values of a file are written."""

from dataclasses import dataclass, field
from typing import Literal

from components.tables.sources import TableSource, TimeForm


@dataclass(frozen=True, kw_only=True)
class ValueForm:
    """How times and numbers are written in a source.

    Attributes:
        time: Format of times, and the zone of those that name none (UTC where it says none).
        decimal: The sign before the fraction of a number.
    """

    time: TimeForm = field(default_factory=TimeForm)
    decimal: Literal[".", ","] = "."

    @classmethod
    def of(cls, source: TableSource) -> "ValueForm":
        """Returns how the values of a source are written."""
        return cls(time=source.time, decimal=source.decimal)

    @property
    def zone(self) -> str:
        """Name of the time zone of times that name none."""
        return self.time.zone or "UTC"
