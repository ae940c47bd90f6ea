"""RecommendationExamples end to end: real Beam, real files, any ids."""

import hashlib
import math
from datetime import UTC, datetime

import pytest

from components.errors import InputError
from components.events.options import SplitOptions
from components.recommendation.examples.options import RecommendationExamplesOptions
from components.recommendation.examples.product_statistics import STATISTICS
from components.tables.user_ids import hash_user_id
from tests.components.events.plain_histories import WEIRD_IDS, Event, plain_query, plain_windows, users_of
from tests.components.recommendation.examples.examples_runs import USER_ID_KEY, run_recommendation_examples

DAY = 86_400
T = 100 * DAY
TYPES = {"view": 0.0, "cart": 0.5, "purchase": 1.0}
IDS = [id_.decode() for id_ in WEIRD_IDS]
OPTIONS = RecommendationExamplesOptions(
    split=SplitOptions(test_start=datetime.fromtimestamp(T, UTC), validation_days=10),
    event_types=TYPES,
    tower_history=5,
    ranker_windows=2,
    ranker_history=4,
)
# Where the ranker's windows begin, and where the test does.
MOMENTS = (T - 10 * DAY, T - 5 * DAY, T)


def _draw(*key) -> int:
    return int(hashlib.sha256(repr(key).encode()).hexdigest()[:8], 16)


def _events(users: int = 40, each: int = 12) -> list[Event]:
    """Makes users of all sorts, without a seeded generator whose stream may change."""
    return [
        Event(
            user=f"{IDS[user % len(IDS)]}-{user}".encode(),
            time=_draw(user, n, "time") % (115 * DAY),
            basket=[None, b"b1", b"b2"][_draw(user, n, "basket") % 3],
            product=WEIRD_IDS[_draw(user, n, "product") % len(WEIRD_IDS)],
            event_type=_draw(user, n, "type") % 3,
        )
        for user in range(users)
        for n in range(each)
    ]


def _rows(events: list[Event], time_column: str = "timestamp") -> list[dict]:
    return [
        {
            "user_id": e.user.decode(),
            "product_id": e.product.decode(),
            "event_type": list(TYPES)[e.event_type],
            time_column: e.time,
            "basket_id": e.basket and e.basket.decode(),
        }
        for e in events
    ]


def _named(rows: list[dict], catalogue: list[dict], *columns: str) -> list[dict]:
    ids = [row["product_id"].encode() for row in catalogue]
    for row in rows:
        for column in columns:
            row[column] = [ids[index] for index in row[column]]
    return rows


def plain_statistics(events: list[Event], moment: int, weights: list[float]) -> dict[str, float]:
    """How one product sells up to a moment."""
    weeks = [(moment - e.time) / (7 * DAY) for e in events]
    weight = [weights[e.event_type] for e in events]
    groups = {user: {(e.time, e.basket) for e in events if e.user == user} for user in {e.user for e in events}}
    return {
        "total": sum(weight),
        "decayed": sum(w * math.exp(-week / 10) for w, week in zip(weight, weeks, strict=True)),
        "recent": sum(w for w, week in zip(weight, weeks, strict=True) if week < 4),
        "latest": sum(w * math.exp(-week) for w, week in zip(weight, weeks, strict=True)),
        "buyers": len(groups),
        "repeat_buyers": sum(len(own) > 1 for own in groups.values()),
    }


def _order(row: dict) -> str:
    return repr(sorted(row.items()))


def test_all_outputs_equal_plain_python(tmp_path):
    events = _events()
    unknown = [e for e in events[:30] if e.product == WEIRD_IDS[1]]
    products = [
        {"product_id": id_, "title": f"Title {id_[:20]}", "category": "A > B", "price": 2.5, "in_stock": 0}
        for id_ in IDS
        if id_ != IDS[1]
    ] + [{"product_id": "never bought", "title": "Never bought", "brand": "X"}]
    events = [e for e in events if e.product != WEIRD_IDS[1]] + unknown
    users = [{"user_id": events[0].user.decode(), "age": "30s", "city": None}, {"user_id": "stranger", "age": "40s"}]
    options = OPTIONS.model_copy(update={"text_fields": ("title", "category")})
    run = run_recommendation_examples(tmp_path, options, _rows(events), products, users)

    known = [e for e in events if e.product != WEIRD_IDS[1]]
    counted = {}
    for event in known:
        if event.time < T:
            counted.setdefault(event.product.decode(), []).append(list(TYPES.values())[event.event_type])
    assert [row["product_id"].encode() for row in run.catalogue] == sorted(id_.encode() for id_ in counted)
    for row in run.catalogue:
        assert row["event_count"] == len(counted[row["product_id"]])
        assert row["popularity"] == pytest.approx(sum(counted[row["product_id"]]))
        assert (row["title"], row["brand"]) == (f"Title {row['product_id'][:20]}", "")
        assert (row["price"], row["in_stock"]) == (2.5, False)
        assert row["title"] in row["text"]
        assert "A B" in row["text"]

    weights = list(TYPES.values())
    expected = {"train": [], "eval": [], "ranker": [], "test": []}
    for user, own in users_of(known):
        periods = [(e.time >= T - 10 * DAY) + (e.time >= T) for e in own]
        expected["train"] += plain_windows([e for e, p in zip(own, periods, strict=True) if p == 0], weights, 5)
        for split, wanted in (("eval", 1), ("test", 2)):
            query = plain_query(user, own, periods, wanted, weights)
            expected[split] += [query | {"user_id": [user]}] if query else []
        for window, start in enumerate(MOMENTS[:2]):
            query = plain_query(user, own, [(e.time >= start) + (e.time >= T) for e in own], 1, weights)
            if query:
                latest = {name: query[name][-4:] for name in query if name.startswith("history_")}
                expected["ranker"].append(query | latest | {"user_id": [user], "window": [window]})
    for split, rows in run.examples.items():
        found = _named(rows, run.catalogue, "history_index", "target_index")
        attributed = [age for row in found if (age := row.pop("attribute_age", []))]
        assert not any(row.pop("attribute_city", []) for row in found)
        if split != "ranker":
            assert attributed == [[b"30s"]] * sum(row.get("user_id") == [events[0].user] for row in found)
        assert sorted(found, key=_order) == sorted(expected[split], key=_order)

    for row, statistics in zip(run.catalogue, run.statistics, strict=True):
        for number, moment in enumerate(MOMENTS):
            own = [e for e in known if e.product.decode() == row["product_id"] and e.time < moment]
            assert plain_statistics(own, moment, weights) == pytest.approx(
                {name: statistics[f"{name}_{number}"] for name in STATISTICS}, rel=1e-5
            )

    assert run.facts["test_start"] == T
    assert run.facts["validation_start"] == T - 10 * DAY
    assert run.facts["event_types"] == ["view", "cart", "purchase"]
    assert run.facts["event_weights"] == [0.0, 0.5, 1.0]
    assert run.facts["counts"] == {
        "events": len(events),
        "products": 5,
        "users": 40,
        "filtered_products": 1,
        "filtered_events": 0,
        "products_without_events": 1,
        "users_without_events": 1,
        "users_without_row": 39,
        "unknown_product_events": len(unknown),
        "events_after_test_start": sum(e.time >= T for e in known),
    }
    assert run.facts["examples"] == {split: len(rows) for split, rows in expected.items()}
    bad = {"unknown_product": len(unknown)}
    kept = {"table": "events", "rows": len(events), "good": len(known), "bad": bad}
    assert run.quarantine_counts == {
        **kept,
        "set_aside": {},
        "notes": [
            "Table `users`: 1 of its 2 users occur in no good row of `events`.",
            "Table `users`: 39 of the 40 users of `events` have no row in it, so no attribute of theirs is known.",
            "Table `products`: 1 of its 6 products occur in no good row of `events`.",
        ],
    }
    assert len(run.quarantined) == len(unknown) > 0
    assert {line["reason"] for line in run.quarantined} == {"unknown_product"}
    assert {line["row"]["product_id"] for line in run.quarantined} == {"line\nbreak"}
    hashes = {hash_user_id(e.user.decode(), USER_ID_KEY) for e in unknown}
    assert {line["row"]["user_id"] for line in run.quarantined} == hashes


def test_no_products_table_filters_and_a_split_by_the_data(tmp_path):
    events = [e._replace(basket=None) for e in _events()]
    rare = Event(events[0].user, 3, None, b"rare", 2)
    options = RecommendationExamplesOptions(
        event_types=TYPES, min_product_events=2, split=SplitOptions(validation_days=20)
    )
    run = run_recommendation_examples(tmp_path, options, _rows([*events, rare]))
    assert [row["product_id"].encode() for row in run.catalogue] == sorted(WEIRD_IDS)
    assert [row["title"] for row in run.catalogue] == [row["product_id"] for row in run.catalogue]
    assert {row["text"] for row in run.catalogue} == {""}
    counts = run.facts["counts"]
    assert (counts["filtered_products"], counts["filtered_events"]) == (1, 1)
    # The last full hour with a tenth of the events at or after it.
    times = sorted(e.time for e in [*events, rare])
    start = run.facts["test_start"]
    assert start % 3600 == 0
    assert sum(time >= start for time in times) >= len(times) / 10 > sum(time >= start + 3600 for time in times)
    assert run.quarantine_counts["bad"] == {}
    assert run.quarantined == []


def test_leave_last_out_by_position(tmp_path):
    rows = [
        {"user_id": user, "product_id": product, "event_type": "purchase", "position": position}
        for user, products in {"u1": "abcd", "u2": "ba", "u3": "c", "u4": "dcba"}.items()
        for position, product in enumerate(products)
    ]
    options = RecommendationExamplesOptions(split=SplitOptions(method="leave_last_out"), min_product_events=0)
    run = run_recommendation_examples(tmp_path, options, rows)
    ids = [row["product_id"] for row in run.catalogue]
    assert ids == ["a", "b", "c", "d"]
    # Everything but each user's last event counts.
    assert [row["event_count"] for row in run.catalogue] == [1, 3, 2, 1]

    def histories(split):
        return {
            row["user_id"][0].decode(): ("".join(ids[i] for i in row["history_index"]), ids[row["target_index"][0]])
            for row in run.examples[split]
        }

    assert histories("test") == {"u1": ("abc", "d"), "u2": ("b", "a"), "u3": ("", "c"), "u4": ("dcb", "a")}
    assert histories("eval") == {"u1": ("ab", "c"), "u2": ("", "b"), "u4": ("dc", "b")}
    assert [[ids[i] for i in row["history_index"]] for row in run.examples["train"]] in ([["a"], ["d"]], [["d"], ["a"]])
    assert all(row["query_time"] == [0] and set(row["history_time"]) <= {0} for row in run.examples["test"])
    assert all(set(row["gap_seconds"]) == {0.0} for row in run.examples["train"])
    assert run.facts["test_start"] is None
    assert run.facts["has_timestamps"] is False


def test_row_order_and_files_change_nothing(tmp_path):
    events = _events()
    first = run_recommendation_examples(tmp_path / "a", OPTIONS, _rows(events))
    second = run_recommendation_examples(tmp_path / "b", OPTIONS, _rows(events[::-1]), files=3)
    assert repr(first) == repr(second)  # Prices are NaN, which equals nothing.


def test_too_many_unknown_products(tmp_path):
    rows = [
        {"user_id": "u", "product_id": product, "event_type": "purchase", "timestamp": time}
        for product, time in (("a", 1), ("b", 2), ("a", T - DAY), ("b", T + DAY))
    ]
    products = [{"product_id": "a", "title": "A"}]
    with pytest.raises(InputError, match=r"2 of 4 rows \(50.0%\) name a product_id that .*; 20.0% may"):
        run_recommendation_examples(tmp_path, OPTIONS, rows, products, files=1, user_id_key="")
    assert '"user_id": "u"' in (next((tmp_path / "out" / "quarantine").glob("*.jsonl"))).read_text()


def test_no_timestamps_for_a_split_by_time(tmp_path):
    row = {"user_id": "u", "product_id": "a", "event_type": "view", "position": 1, "timestamp": None}
    with pytest.raises(InputError, match=r"no timestamps, which a split by time needs.*leave_last_out"):
        run_recommendation_examples(tmp_path, OPTIONS, [row], files=1)
    with pytest.raises(InputError, match="has no good row"):
        run_recommendation_examples(tmp_path / "empty", OPTIONS, [], files=0)
