"""What is in the log after crashes, clicks and forgetting: rows worked out by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.tables.contract import TABLES
from tfx_pipeline.gateway.log.impressions import Impressions, SeenOffer
from tfx_pipeline.gateway.log.parquet_log import EVENTS, IMPRESSIONS, ParquetLog
from tfx_pipeline.gateway.log.rows import Outcomes
from tfx_pipeline.gateway.log.writer import LogWriter
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.store.records import Record
from tfx_pipeline.gateway.store.sqlite_store import SqliteStore

Result = TypeVar("Result")
NOON = 1_796_040_000.0  # 2026-11-30 12:00 of UTC.


class Shop:
    """Store, log and a clock that the test turns."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.now = NOON
        self.store = SqliteStore(folder / "store.sqlite", history=512)
        self.log = ParquetLog(folder / "log", ["redeemed"])
        self.impressions = Impressions(self.store, Metrics(), lambda: self.now)
        self.writer = LogWriter(
            self.store, self.log, GatewayOptions(**options), "purchase", Metrics(), lambda: self.now
        )

    async def event(self, user: str, product: str, kind: str = "view", request: str = "") -> None:
        name = f"{user} {product} {self.now} {kind}"
        await self.store.add([Record("events", user, self.now, name, product, kind, request)])

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [
            row for file in sorted(self.log._files(table)) for row in pq.read_table(file, partitioning=None).to_pylist()
        ]


def with_shop(folder: Path, work: Callable[[Shop], Awaitable[Result]], **options: Any) -> Result:
    async def run() -> Result:
        shop = Shop(folder, **options)
        try:
            return await work(shop)
        finally:
            await shop.store.close()

    return asyncio.run(run())


def test_columns_are_those_of_the_tables() -> None:
    events = {column.name for column in TABLES["events"].columns}
    assert set(EVENTS.names) - events == {"event_id", "request_id"}
    impressions = {column.name for column in TABLES["impressions"].columns}
    assert set(IMPRESSIONS.names) - impressions == {"clicked", "purchased", "request_id", "model", "version"}


def test_each_event_is_in_the_log_once_whenever_it_crashes(tmp_path: Path) -> None:
    async def begin(shop: Shop) -> None:
        for number in range(10):
            await shop.event("u", f"p{number}")
        mark = shop.store.mark_logged

        async def crash(*_: Any) -> None:
            raise KeyboardInterrupt

        # The file is there, and the store does not know.
        shop.store.mark_logged = crash  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            await shop.writer.write()
        shop.store.mark_logged = mark  # type: ignore[method-assign]

    async def go_on(shop: Shop) -> None:
        await shop.event("u", "p10")
        await shop.writer.write()
        await shop.writer.write()
        assert [row["product_id"] for row in shop.rows("events")] == [f"p{number}" for number in range(11)]
        assert await shop.store.unlogged("events", 1e12, 99) == []

    with_shop(tmp_path, begin)
    # A crash while a file is written leaves one that nobody reads.
    (tmp_path / "log" / "events" / "day=2026-11-30" / ".x.partial").write_bytes(b"half")
    with_shop(tmp_path, go_on)


def test_a_log_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    async def work(shop: Shop) -> None:
        await shop.event("u", "p1")
        (tmp_path / "log").mkdir()
        (tmp_path / "log" / "events").write_text("in the way")
        with pytest.raises(NotADirectoryError):
            await shop.writer.write()
        (tmp_path / "log" / "events").unlink()
        await shop.writer.write()
        assert [row["product_id"] for row in shop.rows("events")] == ["p1"]

    with_shop(tmp_path, work)


def test_what_was_shown_waits_for_its_outcome(tmp_path: Path) -> None:
    async def work(shop: Shop) -> None:
        shop.impressions.show("u", "r1", "recommendations", ["a", "b", "c", "d"], "recommendation", 7)
        shop.impressions.show("", "r2", "similar", ["a"], "recommendation", 7)
        shop.impressions.ask("u", "r3", "tea", ["x", "a"], "search", 2)
        shop.impressions.ask("u", "r4", "nothing", [], "search", 2)
        shop.impressions.show(
            "u", "r5", "banner", ["offer-1", "offer-2"], "response", 5, offers=True, propensities=[0.25, None]
        )
        seen = [SeenOffer("offer-1", NOON, ""), SeenOffer("offer-2", NOON, "")]
        assert await shop.impressions.seen_offers("u") == seen
        await shop.impressions.settle()
        assert await shop.impressions.seen_offers("u") == seen
        shop.now += 60
        await shop.event("u", "a", request="r1")
        await shop.event("v", "b")
        shop.now += 60
        await shop.event("u", "c", "purchase")
        said = Record("outcomes", "u", shop.now, "r5:offer-2:redeemed", "offer-2", "redeemed", "r5")
        await shop.store.add([said])
        await shop.writer.write()
        assert shop.rows("impressions") == []
        assert await shop.impressions.seen_offers("u") == [
            SeenOffer("offer-1", NOON, ""),
            SeenOffer("offer-2", NOON, "redeemed"),
        ]
        shop.now = NOON + 31 * 60
        await shop.event("u", "d")
        await shop.writer.write()
        both = [*shop.rows("impressions"), *shop.rows("offer_impressions")]
        shown = {(row["request_id"], row["position"]): row for row in both}
        wanted = {
            # Which, whether it was clicked, bought and redeemed, and when.
            ("r1", 1.0): ("a", True, False, False, NOON + 60),
            # Another user's event says nothing.
            ("r1", 2.0): ("b", False, False, False, None),
            ("r1", 3.0): ("c", True, True, False, NOON + 120),
            # Too late.
            ("r1", 4.0): ("d", False, False, False, None),
            # The click on `a` names another answer.
            ("r3", 1.0): ("x", False, False, False, None),
            ("r3", 2.0): ("a", False, False, False, None),
            ("r5", 1.0): ("offer-1", False, False, False, None),
            ("r5", 2.0): ("offer-2", True, False, True, NOON + 120),
        }
        found = {
            key: (
                row.get("product_id") or row["offer_id"],
                row["clicked"],
                row["purchased"],
                row["redeemed"],
                row["responded_at"],
            )
            for key, row in shown.items()
        }
        assert found == wanted
        assert [shown["r5", place]["propensity"] for place in (1.0, 2.0)] == [0.25, None]
        assert {(row["placement"], row["model"], row["version"]) for row in shown.values()} == {
            ("recommendations", "recommendation", 7),
            ("search", "search", 2),
            ("banner", "response", 5),
        }
        queries = {row["query"]: (row["results"], row["clicked"]) for row in shop.rows("queries")}
        assert queries == {"tea": (2, False), "nothing": (0, False)}

    with_shop(tmp_path, work, outcome_minutes=30.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shown=st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.sampled_from(["r1", "r2"])), max_size=6),
    events=st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.sampled_from(["", "r1", "r2"]), st.booleans()),
        max_size=8,
    ),
    seconds=st.integers(0, 10),
)
def test_outcomes_equal_a_look_at_every_pair(
    shown: list[tuple[int, str, str]], events: list[tuple[int, str, str, bool]], seconds: int
) -> None:
    records = [
        Record("events", "u", float(at), f"{n}", product, "purchase" if bought else "view", request)
        for n, (at, product, request, bought) in enumerate(events)
    ]
    outcomes = Outcomes(records, [], "purchase", float(seconds))
    for at, product, request in shown:
        pairs = [
            (when, bought)
            for when, what, came_of, bought in events
            if what == product and at <= when <= at + seconds and (not came_of or came_of == request)
        ]
        expected = (
            {"clicked": bool(pairs), "purchased": any(bought for _, bought in pairs)},
            min((float(when) for when, _ in pairs), default=None),
        )
        impression = Record("impressions", "u", float(at), "", "here", "", request)
        assert outcomes.of(impression, product, ["clicked", "purchased"]) == expected


def test_a_forgotten_user_is_in_neither_and_others_are(tmp_path: Path) -> None:
    async def work(shop: Shop) -> None:
        for user in ("u", "v"):
            await shop.event(user, "a")
            shop.impressions.ask(user, f"r-{user}", "tea", ["a"])
        shop.impressions.ask("", "r-nobody", "tea", ["a"])
        await shop.impressions.settle()
        shop.now += 3600
        await shop.writer.write()
        await shop.event("u", "b")
        exported = await shop.writer.export("u")
        assert [row["product_id"] for row in exported["events"]] == ["a", "b"]
        assert [row["product_id"] for row in exported["impressions"]] == ["a"]
        assert [row["query"] for row in exported["queries"]] == ["tea"]
        store_rows, log_rows = await shop.writer.forget("u")
        # Both events, as events last; and an event, an impression and a query.
        assert (store_rows, log_rows) == (2, 3)
        await shop.writer.write()
        for table, users in (("events", ["v"]), ("impressions", ["v"]), ("queries", ["v", None])):
            assert [row["user_id"] for row in shop.rows(table)] == users
        assert not any((await shop.writer.export("u")).values())

    with_shop(tmp_path, work)


def test_days_stand_in_folders_of_their_own_and_go_when_they_are_old(tmp_path: Path) -> None:
    async def work(shop: Shop) -> None:
        for _ in range(4):
            await shop.event("u", "a")
            await shop.writer.write()
            await shop.writer.drop_old()
            shop.now += 86_400
        folders = sorted(folder.name for folder in (tmp_path / "log" / "events").iterdir())
        # The last look was a day before the clock's now.
        assert folders == ["day=2026-12-01", "day=2026-12-02", "day=2026-12-03"]
        assert len((await shop.store.history("u")).product_ids) == 3

    with_shop(tmp_path, work, retention_days=2.0)
