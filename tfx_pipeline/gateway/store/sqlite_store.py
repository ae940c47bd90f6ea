"""The store in a file of SQLite: for one gateway, without another program."""

import asyncio
import fcntl
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tfx_pipeline.gateway.store.history_cache import HistoryCache
from tfx_pipeline.gateway.store.records import LASTING, History, Kind, Record
from tfx_pipeline.gateway.store.sqlite_writer import SqliteWriter
from tfx_pipeline.gateway.store.store import Entry, StoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, user TEXT NOT NULL, at REAL NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL,
    name TEXT NOT NULL, record TEXT NOT NULL, logged INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS by_id ON records (kind, id);
-- Holds all that a history is made of, so that reading one touches nothing else.
CREATE INDEX IF NOT EXISTS by_user ON records (user, kind, at, sequence, subject, name);
CREATE INDEX IF NOT EXISTS waiting ON records (kind, sequence) WHERE NOT logged;
CREATE INDEX IF NOT EXISTS by_age ON records (at) WHERE logged;
CREATE TABLE IF NOT EXISTS store (name TEXT NOT NULL);
"""
_ADD = (
    "INSERT INTO records (kind, user, at, id, subject, name, record, logged) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_HISTORY = (
    "SELECT subject, name, at FROM records WHERE user = ? AND kind = 'events' ORDER BY at DESC, sequence DESC LIMIT ?"
)
_LATEST = "SELECT record FROM records WHERE user = ? AND kind = ? ORDER BY at DESC, sequence DESC LIMIT ?"
_UNLOGGED = "SELECT sequence, at, record FROM records WHERE kind = ? AND NOT logged ORDER BY sequence LIMIT ?"
_WAITING = "SELECT record FROM records WHERE user = ? AND NOT logged ORDER BY sequence"
_DIGITS = 20
# Rows that are removed in one step, so that events do not wait long behind it.
_MOST_REMOVED = 5000


class SqliteStore:
    """Keeps records in one file in WAL mode: one thread writes, and whoever reads waits for nobody.

    Args:
        file: The file; it is made where it is missing, for its owner alone.
        history: Latest records that are given of a user.
        every_second: Whether a loss of power may take the last second.

    Raises:
        StoreError: Another gateway has the file, or it is none of SQLite.
    """

    def __init__(self, file: Path, *, history: int, every_second: bool = False) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._most = history
        # Not the database itself: SQLite's own locks on it end when any descriptor of it is closed.
        self._lock_file = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock_file)
            raise StoreError(
                f"{file}: another gateway has this store; stop it, or give `gateway.store` a Redis for several."
            ) from None
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            self._writer = SqliteWriter(file, _SCHEMA, every_second=every_second)
            self._reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
            self._name = self._given_name()
        except sqlite3.Error as error:
            os.close(self._lock_file)
            raise StoreError(f"{file}: expected a store of a gateway: {error}") from error
        self._log_lock = asyncio.Lock()
        # No other process writes to the file.
        self._cache = HistoryCache()

    @property
    def name(self) -> str:
        """See `Store`."""
        return self._name

    async def add(self, records: Sequence[Record]) -> list[bool]:
        """See `Store`."""
        rows = [
            (each.kind, each.user, each.at, each.id, each.subject, each.name, each.to_json(), each.kind == "outcomes")
            for each in records
        ]
        try:
            return await self._writer.do(lambda to: [to.execute(_ADD, row).rowcount > 0 for row in rows])
        finally:
            for user in {each.user for each in records if each.kind == "events"}:
                self._cache.drop(user)

    async def history(self, user: str) -> History:
        """See `Store`."""
        # Nothing is awaited between reading and keeping, so what is kept is never older than what was acknowledged.
        history = self._cache.get(user)
        if history is None:
            rows = self._read(_HISTORY, user, self._most)
            rows.reverse()
            history = History(*zip(*rows, strict=True)) if rows else History()
            self._cache.put(user, history)
        return history

    async def latest(self, user: str, kind: Kind) -> list[Record]:
        """See `Store`."""
        return [Record.from_json(text) for (text,) in reversed(self._read(_LATEST, user, kind, self._most))]

    async def unlogged(self, kind: Kind, before: float, most: int) -> list[Entry]:
        """See `Store`."""
        entries = []
        for sequence, at, text in self._read(_UNLOGGED, kind, most):
            if at >= before:
                break
            entries.append(Entry(f"{sequence:0{_DIGITS}}", Record.from_json(text)))
        return entries

    async def waiting(self, user: str) -> list[Record]:
        """See `Store`."""
        return [Record.from_json(text) for (text,) in self._read(_WAITING, user)]

    async def mark_logged(self, kind: Kind, sequence: str) -> None:
        """See `Store`."""
        change = "UPDATE records SET logged = 1" if kind in LASTING else "DELETE FROM records"
        await self._writer.do(
            lambda to: to.execute(f"{change} WHERE kind = ? AND NOT logged AND sequence <= ?", (kind, int(sequence)))
        )

    @asynccontextmanager
    async def log_lock(self) -> AsyncIterator[None]:
        """See `Store`."""
        async with self._log_lock:
            yield

    async def forget(self, user: str) -> int:
        """See `Store`."""
        removed = await self._writer.do(lambda to: to.execute("DELETE FROM records WHERE user = ?", (user,)).rowcount)
        self._cache.drop(user)
        return removed

    async def drop_old(self, before: float) -> None:
        """See `Store`."""
        some = "SELECT sequence FROM records WHERE logged AND at < ? LIMIT ?"
        statement = f"DELETE FROM records WHERE sequence IN ({some})"
        while (
            await self._writer.do(lambda to: to.execute(statement, (before, _MOST_REMOVED)).rowcount) == _MOST_REMOVED
        ):
            pass
        self._cache.clear()

    async def check(self) -> None:
        """See `Store`."""
        await self._writer.do(lambda to: to.execute("SELECT 1"))

    async def close(self) -> None:
        """See `Store`."""
        await asyncio.to_thread(self._writer.close)
        self._reader.close()
        os.close(self._lock_file)

    def _read(self, query: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The store does not answer: {error}") from error

    def _given_name(self) -> str:
        rows = self._reader.execute("SELECT name FROM store").fetchall()
        if not rows:
            self._writer.do_now(lambda to: to.execute("INSERT INTO store VALUES (?)", (secrets.token_hex(8),)))
            rows = self._reader.execute("SELECT name FROM store").fetchall()
        return str(rows[0][0])
