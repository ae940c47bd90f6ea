"""Moves what the store has into the log."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.gateway.log.rows import Outcomes, event_row, impression_rows, query_row
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.store.records import LOGGED, Kind, Record
from tfx_pipeline.gateway.store.store import Store, StoreError

_LOG = logging.getLogger(__name__)
# Records of a file, which may be an answer of many rows each; some 100 MB while it is written.
_MOST_RECORDS = 10_000
_TABLES: dict[Kind, str] = {
    "events": "events",
    "impressions": "impressions",
    "offers": "offer_impressions",
    "queries": "queries",
}
_DAY_SECONDS = 86_400.0


class LogWriter:
    """Writes what waits in the store to the log, and forgets users in both.

    A file appears whole, and then the store is told. A crash in between is found by the file's name, so no row is lost
    and none is written twice. What was shown waits until its outcome is known.

    Args:
        store: Where records wait.
        log: Where they go.
        options: How often, and how long outcomes take.
        bought_event_type: The type of events that are purchases.
        metrics: Where it is counted.
        now: Returns Unix seconds.
    """

    def __init__(
        self,
        store: Store,
        log: ParquetLog,
        options: GatewayOptions,
        bought_event_type: str,
        metrics: Metrics,
        now: Callable[[], float],
    ) -> None:
        self._store, self._log, self._options = store, log, options
        self._bought, self._metrics, self._now = bought_event_type, metrics, now
        self._dropped_at = now()

    async def run(self, stop: asyncio.Event) -> None:
        """Writes again and again, and a last time when it is to stop; what fails is tried again at the next turn.

        It is not to be cancelled: a file that a thread still writes would not be known to whoever writes next.
        """
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._options.log_seconds)
            try:
                await self.write()
                await self.drop_old()
            except (OSError, StoreError) as error:
                self._metrics.log_failures.inc()
                _LOG.warning("The log was not written: %s", error)

    async def write(self) -> None:
        """Writes all that waits and whose outcome is known.

        Raises:
            OSError: The log cannot be written.
            StoreError: The store does not answer.
        """
        async with self._store.log_lock():
            for kind in LOGGED:
                while await self._write_some(kind):
                    pass
        self._metrics.last_logged.set(self._now())

    async def forget(self, user: str) -> tuple[int, int]:
        """Removes a user from store and log; returns how many rows the store had, and the log."""
        async with self._store.log_lock():
            store_rows = await self._store.forget(user)
            log_rows = await asyncio.to_thread(self._log.forget, user)
        return store_rows, log_rows

    async def export(self, user: str) -> dict[str, list[dict[str, Any]]]:
        """Returns the rows of a user by table: those of the log, and those that wait for it."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with self._store.log_lock():
            for table in sorted({*_TABLES.values()}):
                found[table] = await asyncio.to_thread(self._log.rows_of, table, user)
            for kind, table in _TABLES.items():
                waiting = [each for each in await self._store.waiting(user) if each.kind == kind]
                found[table].extend(await self._rows(kind, waiting))
        return found

    async def _write_some(self, kind: Kind) -> bool:
        """Writes one file; returns whether there may be more."""
        table = _TABLES[kind]
        outcome_seconds = 0.0 if kind == "events" else self._options.outcome_minutes * 60.0
        # Events have their outcome in themselves, and their time may be that of a clock that is ahead.
        before = float("inf") if kind == "events" else self._now() - outcome_seconds
        entries = await self._store.unlogged(kind, before, _MOST_RECORDS)
        if not entries:
            return False
        done = await asyncio.to_thread(self._log.last_sequence, table, kind=kind, store=self._store.name)
        fresh = [entry for entry in entries if entry.sequence > done]
        last = entries[-1].sequence
        if fresh:
            rows = await self._rows(kind, [entry.record for entry in fresh])
            await asyncio.to_thread(
                self._log.write, table, rows, kind=kind, store=self._store.name, sequence=last, at=self._now()
            )
            self._metrics.logged.labels(table).inc(len(rows))
        await self._store.mark_logged(kind, last)
        return len(entries) == _MOST_RECORDS

    async def _rows(self, kind: Kind, records: Sequence[Record]) -> list[dict[str, Any]]:
        if kind == "events":
            return [event_row(record) for record in records]
        outcomes = {user: await self._outcomes(user) for user in {record.user for record in records if record.user}}
        if kind == "queries":
            return [
                query_row(record, outcomes[record.user].clicked(record) if record.user else None) for record in records
            ]
        names = self._log.outcomes
        return [row for record in records for row in impression_rows(record, outcomes[record.user], names)]

    async def _outcomes(self, user: str) -> Outcomes:
        events = await self._store.latest(user, "events")
        feedback = await self._store.latest(user, "outcomes")
        return Outcomes(events, feedback, self._bought, self._options.outcome_minutes * 60.0)

    async def drop_old(self) -> None:
        """Removes what is older than it may be from store and log, once a day or at a tenth of that age."""
        kept_seconds = self._options.retention_days * _DAY_SECONDS
        if self._now() - self._dropped_at < min(_DAY_SECONDS, kept_seconds / 10):
            return
        self._dropped_at = self._now()
        before = self._now() - kept_seconds
        await self._store.drop_old(before)
        async with self._store.log_lock():
            await asyncio.to_thread(self._log.drop_old, before)
