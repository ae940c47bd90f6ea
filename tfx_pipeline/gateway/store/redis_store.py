"""The store in a Redis: for several gateways."""

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from tfx_pipeline.gateway.store.history_cache import HistoryCache
from tfx_pipeline.gateway.store.records import KINDS, LOGGED, History, Kind, Record
from tfx_pipeline.gateway.store.redis_scripts import ADD, DROP_OLD, HISTORY
from tfx_pipeline.gateway.store.store import Entry, StoreError, StoreFullError

_PREFIX = "shelfwise:"
_ANSWER_SECONDS = 2.0
_PAGE = 5000
# Whoever writes the log takes seconds; a gateway that dies meanwhile keeps the others from it that long.
_LOCK_SECONDS = 60.0
# Whoever sends an event again does so soon, and each id takes some hundred bytes of memory.
_REMEMBER_SECONDS = 7 * 86_400
# What Redis says of its memory, and of a disk that its own log does not fit on.
_FULL = ("used memory > 'maxmemory'", "No space left on device")
_FSYNC = {"always": ("always",), "every_second": ("always", "everysec")}


class RedisStore:
    """Keeps records in capped lists by user, and in streams that wait for the log.

    An answer costs one round trip, and a second one where another gateway took an event of the user meanwhile. A user's
    lists go when the user was not seen for as long as events are kept; the ids of records are remembered for a week, if
    events are kept that long.

    Args:
        url: Where the Redis is.
        history: Latest records that are kept of a user and a kind.
        keep_seconds: How long they are kept.
    """

    def __init__(self, url: str, *, history: int, keep_seconds: float) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            # Once more, at once: a connection that broke when Redis was started again is then made anew. Whoever waits
            # for one that is away gets no better answer by waiting.
            retry=Retry(NoBackoff(), 1),
        )
        self._most, self._keep_seconds = history, max(int(keep_seconds), 1)
        self._add = self._redis.register_script(ADD)
        self._history = self._redis.register_script(HISTORY)
        self._drop_old = self._redis.register_script(DROP_OLD)
        self._cache = HistoryCache()
        self._name = ""

    @staticmethod
    async def open(url: str, *, history: int, keep_seconds: float, durability: str) -> "RedisStore":
        """Connects.

        Args:
            url: Where the Redis is.
            history: See the class.
            keep_seconds: See the class.
            durability: `always` or `every_second`; the Redis has to be set up for it.

        Raises:
            StoreError: It does not answer, or would lose what was taken.
        """
        store = RedisStore(url, history=history, keep_seconds=keep_seconds)
        try:
            with _failures():
                await store._check_durability(durability)
                await store._redis.setnx(f"{_PREFIX}name", secrets.token_hex(8))
                store._name = (await store._redis.get(f"{_PREFIX}name")).decode()
        except StoreError:
            await store.close()
            raise
        return store

    @property
    def name(self) -> str:
        """See `Store`."""
        return self._name

    async def add(self, records: Sequence[Record]) -> list[bool]:
        """See `Store`."""
        values: list[str | float] = [
            _PREFIX,
            self._most,
            self._keep_seconds,
            min(self._keep_seconds, _REMEMBER_SECONDS),
        ]
        for each in records:
            record = each.to_json()
            # A history is read far more often than anything else, and needs this much of an event.
            packed = json.dumps([each.subject, each.name]) if each.kind == "events" else ""
            values += [each.kind, each.user, repr(each.at), each.id, f"{packed}\n{record}", record]
        with _failures():
            added = await self._add(args=values)
        for each in records:
            if each.kind == "events":
                # What is known to have changed is read at once, without asking for its version first.
                self._cache.drop(each.user)
        return [bool(new) for new in added]

    async def history(self, user: str) -> History:
        """See `Store`."""
        # Another gateway may have taken an event, so Redis is always asked; but only what is new to this one is sent.
        # A plain GET, and no script: what is asked for now and then runs from cold caches, where its length counts.
        known, known_version = self._cache.get_with_version(user)
        with _failures():
            if known and known_version and await self._redis.get(_version(user)) == known_version:
                return known
            version, text = await self._history(keys=[_list("events", user), _version(user)], args=[self._most])
        events = json.loads(text)
        columns = list(zip(*(event for event, _ in events), strict=True)) or [(), ()]
        history = History(columns[0], columns[1], tuple(float(at) for _, at in events))
        self._cache.put(user, history, version)
        return history

    async def latest(self, user: str, kind: Kind) -> list[Record]:
        """See `Store`."""
        with _failures():
            members = await self._redis.zrange(_list(kind, user), -self._most, -1)
        return [Record.from_json(member[member.index(b"\n") :]) for member in members]

    async def unlogged(self, kind: Kind, before: float, most: int) -> list[Entry]:
        """See `Store`."""
        with _failures():
            found = await self._redis.xrange(_stream(kind), count=most)
        entries = []
        for place, fields in found:
            record = Record.from_json(fields[b"record"])
            if record.at >= before:
                break
            entries.append(Entry(_sequence(place), record))
        return entries

    async def waiting(self, user: str) -> list[Record]:
        """See `Store`."""
        return [record for kind in LOGGED async for _, record in self._waiting(kind) if record.user == user]

    async def mark_logged(self, kind: Kind, sequence: str) -> None:
        """See `Store`."""
        milliseconds, count = (int(part) for part in sequence.split("-"))
        with _failures():
            await self._redis.xtrim(_stream(kind), minid=f"{milliseconds}-{count + 1}", approximate=False)

    @asynccontextmanager
    async def log_lock(self) -> AsyncIterator[None]:
        """See `Store`."""
        lock = self._redis.lock(f"{_PREFIX}log-lock", timeout=_LOCK_SECONDS, blocking_timeout=_LOCK_SECONDS)
        with _failures():
            if not await lock.acquire():
                raise StoreError("Another gateway has been writing the log for a minute; this one waits for its turn.")
        try:
            yield
        finally:
            with _failures():
                await lock.release()

    async def forget(self, user: str) -> int:
        """See `Store`."""
        removed = 0
        with _failures():
            for kind in KINDS:
                kept = [record.id for record in await self.latest(user, kind)]
                waiting = [(place, record.id) async for place, record in self._waiting(kind) if record.user == user]
                ids = {*kept, *(name for _, name in waiting)}
                keys = [f"{_PREFIX}id:{kind}:{name}" for name in ids]
                async with self._redis.pipeline(transaction=True) as steps:
                    steps.delete(_list(kind, user), _version(user))
                    for first in range(0, len(keys), _PAGE):
                        steps.delete(*keys[first : first + _PAGE])
                    for place, _ in waiting:
                        steps.xdel(_stream(kind), place)
                    await steps.execute()
                removed += len(ids)
        return removed

    async def drop_old(self, before: float) -> None:
        """See `Store`; what nobody added to goes by itself, and here what is old of the others."""
        with _failures():
            for kind in KINDS:
                async for key in self._redis.scan_iter(match=f"{_PREFIX}user:{kind}:*", count=_PAGE):
                    user = _text(key).removeprefix(_list(kind, ""))
                    await self._drop_old(keys=[key, _version(user)], args=[f"({before!r}"])

    async def check(self) -> None:
        """See `Store`."""
        with _failures():
            await self._redis.ping()

    async def close(self) -> None:
        """See `Store`."""
        await self._redis.aclose()

    async def _waiting(self, kind: Kind) -> AsyncIterator[tuple[bytes, Record]]:
        first = b"-"
        while True:
            with _failures():
                page = await self._redis.xrange(_stream(kind), min=first, count=_PAGE)
            for place, fields in page:
                yield place, Record.from_json(fields[b"record"])
            if len(page) < _PAGE:
                return
            first = b"(" + page[-1][0]

    async def _check_durability(self, durability: str) -> None:
        try:
            found = {**await self._redis.config_get("appendonly"), **await self._redis.config_get("appendfsync")}
        except ResponseError:
            return  # A Redis that somebody else runs may not say.
        settings = {_text(key): _text(value) for key, value in found.items()}
        wanted = _FSYNC[durability]
        if settings.get("appendonly") != "yes" or settings.get("appendfsync") not in wanted:
            raise StoreError(
                f"`gateway.durability: {durability}` needs a Redis with `appendonly yes` and `appendfsync "
                f"{wanted[-1]}`, but this one has `appendonly {settings.get('appendonly')}` and `appendfsync "
                f"{settings.get('appendfsync')}`; it would lose events that were taken."
            )


def _list(kind: Kind, user: str) -> str:
    return f"{_PREFIX}user:{kind}:{user}"


def _version(user: str) -> str:
    return f"{_PREFIX}version:{user}"


def _stream(kind: Kind) -> str:
    return f"{_PREFIX}log:{kind}"


def _sequence(place: bytes) -> str:
    milliseconds, count = place.decode().split("-")
    return f"{int(milliseconds):015}-{int(count):010}"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def _failures() -> Any:
    """Says of what Redis answers what it comes to."""
    try:
        yield
    except ResponseError as error:
        if any(words in str(error) for words in _FULL):
            raise StoreFullError("The store has no room; nothing was kept. Make room, and send it again.") from error
        raise StoreError(f"The store refused what was asked: {error}") from error
    except (TimeoutError, RedisError, OSError) as error:
        raise StoreError(f"The store does not answer: {error}") from error
