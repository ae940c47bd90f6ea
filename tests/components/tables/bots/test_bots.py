"""Events of bots are found as by counting moment by moment, and are left out of the table; people stay."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import InputError
from components.tables.bots.acting import rows_of_bots, unfounded_rows
from components.tables.bots.options import BotOptions
from components.tables.contract import TableOptions
from components.tables.sources import TableSource
from tests.components.tables.table_runs import run_table
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_id

HOUR, DAY = 3_600, 86_400
_Event = tuple[int, int, int]


def by_counting(events: list[_Event], options: BotOptions) -> list[bool]:
    bots = set()
    for user, _, start in events:
        within = {second for other, _, second in events if other == user and start <= second < start + HOUR}
        if len(within) > options.most_moments_an_hour:
            bots.add(user)
    for user, product, start in events:
        same = {
            second
            for other, what, second in events
            if (other, what) == (user, product) and second // DAY == start // DAY
        }
        if len(same) > options.most_repeats_a_day:
            bots.add(user)
    return [user in bots and user >= 0 for user, _, _ in events]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 2), st.sampled_from([0, 5, 3_599, 3_600, 7_000, DAY]))),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_bots_are_those_that_counting_finds(events: list[_Event], moments: int, repeats: int) -> None:
    options = BotOptions(most_moments_an_hour=moments, most_repeats_a_day=repeats)
    columns = np.array(events, np.int64).reshape(-1, 3).T
    assert rows_of_bots(*columns, options).tolist() == by_counting(events, options)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-1, 1), st.integers(0, 1), st.sampled_from(["view", "purchase", "review"]), st.integers(0, 3)
        )
    )
)
def test_a_review_counts_after_its_writers_own_purchase_alone(events: list[tuple[int, int, str, int]]) -> None:
    expected = [
        kind == "review"
        and not any(
            (who, what, "purchase") == (user, product, other) and user >= 0 and when <= second
            for who, what, other, when in events
        )
        for user, product, kind, second in events
    ]
    users, products, seconds = (np.array([event[place] for event in events], np.int64) for place in (0, 1, 3))
    types = np.array([event[2] for event in events], object)
    assert unfounded_rows(users, products, seconds, types, {"review": "purchase"}).tolist() == expected


def test_bots_and_fake_reviews_of_a_shop_are_left_out_and_nothing_else(tmp_path: Path) -> None:
    shop = SyntheticShop(
        products=100, users=200, events_per_user=40, bot_share=0.05, review_share=0.3, fake_review_share=0.05
    )
    people, bots = event_rows(shop, 0, shop.users), event_rows(shop, shop.users, shop.users + shop.bots)
    fakes = event_rows(shop, shop.users + shop.bots, shop.accounts)
    assert "review" in people["event_type"].to_pylist()
    assert all(0.04 < len(each) / (len(people) + len(bots)) < 0.06 for each in (bots, fakes))
    guest = pa.table({name: [None if name == "user_id" else bots[name][0].as_py()] for name in bots.column_names})
    every = pa.concat_tables([people, bots, fakes, *[guest.cast(bots.schema)] * 300])
    pq.write_table(every.take(np.random.default_rng(0).permutation(len(every))), tmp_path / "events.parquet")

    source = TableSource(path="", guests="baskets")
    options = TableOptions(bots=BotOptions(only_after={"review": "purchase"}))
    run = run_table(tmp_path, "events", tmp_path / "events.parquet", options, source=source)
    left = run.rows()
    key = ["user_id", "product_id", "event_type", "timestamp"]
    expected = pa.concat_tables([people, *[guest.cast(bots.schema)] * 300]).select(key).to_pylist()
    assert sorted(map(str, ([row[name] for name in key] for row in left))) == sorted(
        map(str, ([row[name] for name in key] for row in expected))
    )
    counts = run.counts()
    assert counts["set_aside"] == {"bot": len(bots), "unfounded": len(fakes)}
    assert counts["good"] == len(expected)
    assert any(f"programs do: {shop.bots}" in note for note in counts["notes"])
    # What they push is what hardly anybody else has anything to do with.
    pushed = {product_id(product) for product in shop.pushed}
    own = sum(row in pushed for row in people["product_id"].to_pylist())
    assert own < 0.5 * len(bots)
    assert sum(row in pushed for row in fakes["product_id"].to_pylist()) == len(fakes) / 2


def test_events_without_times_are_refused(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("user_id,product_id,event_type,position\na,p,view,1\na,q,view,2\n")
    with pytest.raises(InputError, match="no timestamps, by which bots are told; leave `bots` out"):
        run_table(tmp_path, "events", tmp_path / "events.csv", TableOptions(bots=BotOptions()))
