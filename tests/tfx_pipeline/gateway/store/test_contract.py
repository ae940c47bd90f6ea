"""What each store does, by the real thing: a file of SQLite, and a Redis."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.tfx_pipeline.gateway.redis_server import PROGRAM, REASON, redis_server
from tfx_pipeline.gateway.store.history_cache import HistoryCache
from tfx_pipeline.gateway.store.records import History, Kind, Record
from tfx_pipeline.gateway.store.redis_store import RedisStore
from tfx_pipeline.gateway.store.sqlite_store import SqliteStore
from tfx_pipeline.gateway.store.store import Store, StoreError, StoreFullError

Result = TypeVar("Result")
Opens = Callable[[], Awaitable[Store]]

HISTORY = 8
ODD = ["with space", "a/b\\c", "line\nbreak", "nul\0", "牛奶", "é", "e\u0301", "x" * 300, " ", "user:1", "*", '"]']


def event(user: str, product: str, at: float, name: str = "", kind: str = "view", **more: Any) -> Record:
    return Record("events", user, at, name or f"{user}-{product}-{at}", product, kind, "", more)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip(REASON)
    with redis_server(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@pytest.fixture(params=["sqlite", "redis"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    """Opens the store; a second time the same one."""
    if request.param == "sqlite":
        return lambda: opened_sqlite(tmp_path / "store.sqlite")
    # A database of its own each.
    number = int.from_bytes(tmp_path.name.encode()[-4:], "big") % 16
    url = request.getfixturevalue("redis_url").removesuffix("0") + str(number)
    asyncio.run(emptied(url))
    return lambda: RedisStore.open(url, history=HISTORY, keep_seconds=1e6, durability="always")


async def opened_sqlite(file: Path) -> Store:
    return SqliteStore(file, history=HISTORY)


async def emptied(url: str) -> None:
    store = RedisStore(url, history=HISTORY, keep_seconds=1e6)
    await store._redis.flushdb()
    await store.close()


def with_store(opens: Opens, work: Callable[[Store], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        store = await opens()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_histories_are_the_latest_events_in_order_of_time(opens: Opens) -> None:
    chosen = random.Random(1)
    sent = [event(f"u{chosen.randrange(4)}", f"p{n}", chosen.choice([1.5, 2.0, 7.25]) + n // 20) for n in range(100)]

    async def work(store: Store) -> dict[str, History]:
        for first in range(0, 100, 7):
            await store.add(sent[first : first + 7])
        return {f"u{number}": await store.history(f"u{number}") for number in range(5)}

    found = with_store(opens, work)
    for user, history in found.items():
        # Python's sort is stable: of one moment, the later one to come is the later one.
        mine = sorted((each for each in sent if each.user == user), key=lambda each: each.at)[-HISTORY:]
        assert history.product_ids == tuple(each.subject for each in mine)
        assert history.event_types == tuple(each.name for each in mine)
        assert history.times == tuple(each.at for each in mine)
    assert found["u4"] == History()


def test_an_id_counts_once_and_others_do_not_hinder_it(opens: Opens) -> None:
    async def work(store: Store) -> None:
        assert await store.add([event("u", "a", 1.0, "one"), event("u", "b", 2.0, "one")]) == [True, False]
        assert await store.add([event("u", "c", 3.0, "one"), event("u", "c", 3.0, "two")]) == [False, True]
        # Another kind has ids of its own.
        assert await store.add([Record("queries", "u", 3.0, "one", "tea")]) == [True]
        assert (await store.history("u")).product_ids == ("a", "c")
        assert [entry.record.id for entry in await store.unlogged("events", 9.0, 9)] == ["one", "two"]

    with_store(opens, work)


def test_ids_and_texts_of_any_characters_come_back(opens: Opens) -> None:
    sent = [event(odd, odd, number + 0.125, odd, odd, query=odd) for number, odd in enumerate(ODD)]

    async def work(store: Store) -> None:
        await store.add(sent)
        for record in sent:
            assert await store.history(record.user) == History((record.subject,), (record.name,), (record.at,))
            assert await store.latest(record.user, "events") == [record]
            assert await store.waiting(record.user) == [record]

    with_store(opens, work)


def test_what_waits_for_the_log_is_given_in_sequence_until_it_is_logged(opens: Opens) -> None:
    kinds: list[Kind] = ["events", "impressions", "offers", "queries"]
    sent = [Record(kind, "u", float(n), f"{n}", f"s{n}") for n in range(30) for kind in kinds]

    async def work(store: Store) -> None:
        await store.add(sent)
        await store.add([Record("outcomes", "u", 1.0, "said", "s1", "clicked", "r")])
        for kind in kinds:
            first = await store.unlogged(kind, 1e9, 10)
            assert [entry.record.id for entry in first] == [str(n) for n in range(10)]
            assert [entry.sequence for entry in first] == sorted({entry.sequence for entry in first})
            # Records came in at or after that moment are left.
            assert len(await store.unlogged(kind, 7.0, 10)) == 7
            await store.mark_logged(kind, first[-1].sequence)
            await store.mark_logged(kind, first[-1].sequence)
            assert [entry.record.id for entry in await store.unlogged(kind, 12.0, 10)] == ["10", "11"]
            await store.mark_logged(kind, (await store.unlogged(kind, 1e9, 99))[-1].sequence)
            assert await store.unlogged(kind, 1e9, 10) == []
        assert await store.unlogged("outcomes", 1e9, 10) == []
        # What answers are made of is still there.
        assert len((await store.history("u")).product_ids) == HISTORY
        assert len(await store.latest("u", "offers")) == HISTORY
        assert [record.name for record in await store.latest("u", "outcomes")] == ["clicked"]

    with_store(opens, work)


def test_a_user_is_forgotten_and_nobody_else(opens: Opens) -> None:
    async def work(store: Store) -> None:
        for user in ("u", "v"):
            await store.add([event(user, f"p{n}", float(n)) for n in range(3)])
            await store.add([Record("queries", user, 1.0, f"q{user}", "tea")])
        await store.mark_logged("events", (await store.unlogged("events", 9.0, 1))[0].sequence)
        assert await store.forget("u") == 4
        assert await store.forget("u") == 0
        assert await store.history("u") == History()
        assert await store.waiting("u") == []
        assert {entry.record.user for entry in await store.unlogged("events", 9.0, 99)} == {"v"}
        assert len((await store.history("v")).product_ids) == 3
        # Who comes back may send the same again.
        assert await store.add([event("u", "p0", 0.0)]) == [True]

    with_store(opens, work)


def test_what_is_old_goes(opens: Opens) -> None:
    async def work(store: Store) -> None:
        await store.add([event("u", f"p{n}", float(n)) for n in range(6)])
        await store.mark_logged("events", (await store.unlogged("events", 9.0, 9))[-1].sequence)
        await store.drop_old(4.0)
        assert (await store.history("u")).product_ids == ("p4", "p5")

    with_store(opens, work)


def test_it_is_the_same_store_when_it_is_opened_again(opens: Opens) -> None:
    async def fill(store: Store) -> str:
        await store.add([event("u", "p", 1.0)])
        return store.name

    async def look(store: Store) -> tuple[str, History]:
        return store.name, await store.history("u")

    assert with_store(opens, fill) == (again := with_store(opens, look))[0]
    assert again[1].product_ids == ("p",)
    assert again[0].isalnum()


def test_many_writers_and_a_reader_see_each_event_once(opens: Opens) -> None:
    async def work(store: Store) -> None:
        async def write(user: str) -> None:
            for number in range(10):
                assert await store.add([event(user, f"p{number}", float(number))]) == [True]
                # What was acknowledged is in the next answer.
                assert (await store.history(user)).product_ids[-1] == f"p{number}"

        await asyncio.gather(*(write(f"u{number}") for number in range(8)))
        waiting = await store.unlogged("events", 99.0, 1000)
        assert len({entry.record.id for entry in waiting}) == len(waiting) == 80

    with_store(opens, work)


def test_what_was_read_before_is_not_given_when_it_has_changed(opens: Opens) -> None:
    async def work(store: Store) -> None:
        await store.add([event("u", f"p{n}", float(n)) for n in range(3)])
        await store.mark_logged("events", (await store.unlogged("events", 9.0, 9))[-1].sequence)
        assert (await store.history("u")).product_ids == (await store.history("u")).product_ids == ("p0", "p1", "p2")
        # One from before the others, which leaves the newest as it is.
        await store.add([event("u", "late", 0.5)])
        assert (await store.history("u")).product_ids == ("p0", "late", "p1", "p2")
        await store.drop_old(1.0)
        assert (await store.history("u")).product_ids[-2:] == ("p1", "p2")
        assert "p0" not in (await store.history("u")).product_ids
        await store.forget("u")
        assert await store.history("u") == History()

    with_store(opens, work)


@pytest.mark.skipif(PROGRAM is None, reason=REASON)
def test_an_event_that_another_gateway_took_is_in_the_next_answer(redis_url: str) -> None:
    async def work() -> None:
        await emptied(redis_url)
        stores = [RedisStore(redis_url, history=HISTORY, keep_seconds=1e6) for _ in range(2)]
        for number in range(30):
            await stores[number % 2].add([event("u", f"p{number}", float(number))])
            read = [await store.history("u") for store in (*stores, *stores)]
            assert {history.product_ids[-1] for history in read} == {f"p{number}"}
            # What both had read before comes from their own memory.
            assert read[2] is read[0]
            assert read[3] is read[1]
        for store in stores:
            await store.close()

    asyncio.run(work())


def test_the_log_is_written_by_one_at_a_time(opens: Opens) -> None:
    async def work(store: Store) -> list[str]:
        seen = []

        async def take(name: str) -> None:
            async with store.log_lock():
                seen.append(f"{name} begins")
                await asyncio.sleep(0.01)
                seen.append(f"{name} ends")

        await asyncio.gather(take("a"), take("b"))
        return seen

    seen = with_store(opens, work)
    assert [each.split()[1] for each in seen] == ["begins", "ends", "begins", "ends"]


async def filled(store: Store, characters: int) -> int:
    """Adds events until there is no room; returns how many there were."""
    for number in range(10_000):
        try:
            await store.add([event("u", f"p{number}", 1.0 + number, query="x" * characters)])
        except StoreFullError:
            return number
    raise AssertionError("there was room for everything")


def test_a_file_belongs_to_one_gateway(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        with pytest.raises(StoreError, match="another gateway has this store"):
            SqliteStore(tmp_path / "store.sqlite", history=1)

    with_store(lambda: opened_sqlite(tmp_path / "store.sqlite"), work)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_text("no database at all, but long enough to be looked at")
    with pytest.raises(StoreError, match="expected a store of a gateway"):
        SqliteStore(tmp_path / "store.sqlite", history=1)


def test_a_full_disk_takes_nothing_and_keeps_what_there_is(tmp_path: Path) -> None:
    async def work(store: Any) -> None:
        await store.add([event("u", "first", 0.0)])
        pages = await store._writer.do(lambda to: to.execute("PRAGMA page_count").fetchone()[0])
        # SQLite says the same of a disk without room.
        await store._writer.do(lambda to: to.execute(f"PRAGMA max_page_count = {pages}"))
        number = await filled(store, 400)
        assert (await store.history("u")).product_ids[-1] == f"p{number - 1}"
        await store._writer.do(lambda to: to.execute(f"PRAGMA max_page_count = {pages * 10}"))
        assert await store.add([event("u", f"p{number}", 1.0 + number)]) == [True]

    with_store(lambda: opened_sqlite(tmp_path / "store.sqlite"), work)


def test_a_file_that_is_gone_is_an_error_that_may_end(tmp_path: Path) -> None:
    async def work(store: Any) -> None:
        store._reader.close()
        store._cache.clear()
        with pytest.raises(StoreError, match="The store does not answer"):
            await store.history("u")
        store._reader = sqlite3.connect(tmp_path / "store.sqlite")
        assert await store.history("u") == History()

    with_store(lambda: opened_sqlite(tmp_path / "store.sqlite"), work)


@pytest.mark.skipif(PROGRAM is None, reason=REASON)
def test_a_redis_that_would_lose_events_is_refused_and_a_full_one_takes_none(tmp_path: Path) -> None:
    async def open_it(url: str, durability: str) -> Store:
        return await RedisStore.open(url, history=HISTORY, keep_seconds=60.0, durability=durability)

    async def work(url: str) -> None:
        with pytest.raises(StoreError, match="needs a Redis with `appendonly yes` and `appendfsync always`"):
            await open_it(url, "always")
        store = await open_it(url, "every_second")
        number = await filled(store, 10_000)
        assert (await store.history("u")).product_ids[-1] == f"p{number - 1}"
        assert (await store.unlogged("events", 1e9, 10**6))[-1].record.subject == f"p{number - 1}"
        await store.close()

    with redis_server(tmp_path, "--appendfsync", "everysec", "--maxmemory", "3mb") as (url, process):
        asyncio.run(work(url))
        process.kill()
        process.wait()
        with pytest.raises(StoreError, match="The store does not answer"):
            asyncio.run(open_it(url, "always"))


def test_histories_that_are_kept_are_bounded_and_the_last_asked_for() -> None:
    cache = HistoryCache()
    history = History(tuple(map(str, range(512))), ("view",) * 512, (1.0,) * 512)
    for number in range(1000):
        cache.put(f"u{number}", history)
        assert cache.get("u0") is history
    held = [number for number in range(1000) if cache.get(f"u{number}") is not None]
    assert held == [0, *range(1000 - len(held) + 1, 1000)]
    assert sum(len(history.product_ids) for _ in held) <= 200_000
    cache.drop("u0")
    assert cache.get("u0") is None
