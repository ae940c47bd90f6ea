"""The thread that writes to a file of SQLite, many writers' changes in one step."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from tfx_pipeline.gateway.store.store import StoreError, StoreFullError

Result = TypeVar("Result")
Change = Callable[[sqlite3.Connection], Result]

_MOST_AT_ONCE = 500
_SECOND = 1.0


class SqliteWriter:
    """Does changes in the order in which they come, with one commit, and so one fsync, for all that wait.

    Args:
        file: The database.
        schema: Statements that make its tables where they are missing.
        every_second: Whether changes need to outlive a loss of power only a second later.

    Raises:
        sqlite3.Error: The file is no database, or cannot be written.
    """

    def __init__(self, file: Path, schema: str, *, every_second: bool) -> None:
        self._waiting: queue.SimpleQueue[tuple[Change[Any], Future[Any]] | None] = queue.SimpleQueue()
        # Used by the thread alone once that runs.
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._every_second = every_second
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if every_second else 'FULL'}")
        # Readers look at the rest of the log of changes only: a short one is read fast.
        self._connection.execute("PRAGMA wal_autocheckpoint = 1000")
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(schema)
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    async def do(self, change: Change[Result]) -> Result:
        """Does a change; when it returns, the change is kept.

        Raises:
            StoreFullError: There is no room.
            StoreError: It cannot be written.
        """
        return await asyncio.wrap_future(self._put(change))

    def do_now(self, change: Change[Result]) -> Result:
        """Does a change as `do`, where no event loop runs."""
        return self._put(change).result()

    def close(self) -> None:
        """Does what waits, and ends."""
        self._waiting.put(None)
        self._thread.join()

    def _put(self, change: Change[Result]) -> "Future[Result]":
        future: Future[Result] = Future()
        self._waiting.put((change, future))
        return future

    def _run(self) -> None:
        open_, dirty_since = True, 0.0
        while open_:
            try:
                first = self._waiting.get(timeout=_SECOND if dirty_since and self._every_second else None)
            except queue.Empty:
                self._to_disk()
                dirty_since = 0.0
                continue
            batch = [first]
            while len(batch) < _MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get())
            open_ = None not in batch
            self._do([each for each in batch if each is not None])
            dirty_since = dirty_since or time.monotonic()
            if self._every_second and time.monotonic() - dirty_since >= _SECOND:
                self._to_disk()
                dirty_since = 0.0
        self._connection.close()

    def _to_disk(self) -> None:
        # The next change finds out what is wrong, and says so.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _do(self, batch: list[tuple[Change[Any], "Future[Any]"]]) -> None:
        if not batch:
            return
        results: list[Any] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [change(self._connection) for change, _ in batch]
            self._connection.execute("COMMIT")
        except Exception as error:
            self._undo()
            if len(batch) > 1:
                # One of them may be at fault for all: each is tried alone.
                for each in batch:
                    self._do([each])
                return
            if batch[0][1].set_running_or_notify_cancel():
                batch[0][1].set_exception(_failure(error))
            return
        for (_, future), result in zip(batch, results, strict=True):
            # Whoever asked may have gone; what was asked for is done nevertheless.
            if future.set_running_or_notify_cancel():
                future.set_result(result)

    def _undo(self) -> None:
        # A full disk may have rolled back by itself.
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _failure(error: Exception) -> Exception:
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return StoreFullError("The store's disk is full; nothing was kept. Make room, and send it again.")
    if isinstance(error, sqlite3.Error):
        # A disk that is full may also be said to fail, where SQLite's own files cannot grow.
        return StoreError(f"The store cannot be written: {error}")
    return error
