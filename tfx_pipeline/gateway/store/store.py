"""What the gateway asks of a store."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tfx_pipeline.gateway.store.records import History, Kind, Record


class StoreError(RuntimeError):
    """The store does not answer; it may again."""


class StoreFullError(StoreError):
    """The store has no room for more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that is not in the log yet.

    Attributes:
        sequence: Its place; later records have larger ones, as text too.
        record: The record.
    """

    sequence: str
    record: Record


class Store(Protocol):
    """Keeps records by user, each at once readable by its user and waiting for the log.

    All of `add` is one step: after a crash either every record of a call is there, by both ways, or none. It returns
    when they would outlive a crash. Whoever has read `unlogged` and written that down says so with `mark_logged`.
    """

    @property
    def name(self) -> str:
        """A name that no other store has, made when it was begun; letters and digits."""

    async def add(self, records: Sequence[Record]) -> list[bool]:
        """Adds records.

        Returns:
            Whether each is new; one whose kind and id are there already, or come earlier in the call, is not.

        Raises:
            StoreFullError: There is no room; nothing was added.
            StoreError: The store does not answer; whether they were added is not known, and adding again is safe.
        """

    async def history(self, user: str) -> History:
        """Returns the latest events of a user, as many as the store keeps, ordered by time and then by coming.

        Raises:
            StoreError: The store does not answer; so does every other method.
        """

    async def latest(self, user: str, kind: Kind) -> list[Record]:
        """Returns the latest records of a user of one kind, as many as the store keeps, the newest last."""

    async def unlogged(self, kind: Kind, before: float, most: int) -> list[Entry]:
        """Returns the records of a kind that wait for the log, in sequence, up to the first that is not `before`.

        Args:
            kind: The kind.
            before: Unix seconds; records came in at or after it are left.
            most: How many at the most.
        """

    async def waiting(self, user: str) -> list[Record]:
        """Returns the records of a user that wait for the log."""

    async def mark_logged(self, kind: Kind, sequence: str) -> None:
        """Says that the records of a kind up to a sequence are in the log; those of no lasting kind are removed."""

    def log_lock(self) -> AbstractAsyncContextManager[None]:
        """Keeps all others that share the store from writing to the log, or changing it, while the context lasts."""

    async def forget(self, user: str) -> int:
        """Removes all records of a user, also those that wait for the log; returns how many there were."""

    async def drop_old(self, before: float) -> None:
        """Removes records from before some Unix seconds that are in the log."""

    async def check(self) -> None:
        """Raises StoreError where the store does not answer."""

    async def close(self) -> None:
        """Lets go of it."""
