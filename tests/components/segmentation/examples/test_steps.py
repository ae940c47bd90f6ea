"""Histories with segments, beside what plain Python makes of the same rows."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.segmentation.discovery.discovered_segments import load_discovered
from components.segmentation.discovery.kind_counts import KindCounts
from components.segmentation.discovery.options import DiscoveryOptions
from components.segmentation.examples.options import SegmentationExamplesOptions
from serving.segmentation.signals import SIGNAL_COLUMNS
from tests.components.segmentation.shop import (
    DAY,
    OPTIONS,
    PERIOD,
    SEGMENTS,
    SPLITS,
    ExamplesRun,
    Row,
    buyers,
    events,
    products,
    run_examples,
    spends,
    users,
)

ROWS = events()
# Every third event came of a search, every second one was looked at, and some are rated.
for number, event in enumerate(ROWS):
    event |= {"query": f"search {number}"} if number % 3 == 0 else {}
    event |= {"dwell_seconds": float(number)} if number % 2 == 0 else {}
    event |= {"value": float(1 + number % 5)} if number % 4 == 0 else {}


WITH_SIGNALS = OPTIONS.model_copy(update={"signals": SIGNAL_COLUMNS})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ExamplesRun:
    return run_examples(tmp_path_factory.mktemp("examples"), ROWS, users(ROWS), WITH_SIGNALS)


def names(rows: list[Row]) -> list[str]:
    return [row["user_id"][0].decode() for row in rows]


def test_labels_are_the_tiers_of_what_is_spent_afterwards(made: ExamplesRun) -> None:
    facts = made.facts()
    moments = facts["moments"]
    assert facts["labels"] == ["lapsed", "low", "mid", "high"]
    assert moments["test"] == moments["end"] - PERIOD * DAY
    assert moments["train"] == [moments["test"] - days * DAY for days in (10, 20, 30)]
    learned = [
        spends(ROWS, moment, moment + PERIOD * DAY).get(user, 0.0)
        for moment in moments["train"]
        for user in buyers(ROWS, moment - 20 * DAY, moment)
    ]
    cuts = np.quantile([spend for spend in learned if spend > 0], [1 / 3, 2 / 3])
    np.testing.assert_allclose(facts["cuts"], cuts, rtol=1e-4)
    for split in SPLITS[:3]:
        rows = made.split(split)
        assert len(rows) == facts["examples"][split]
        counted: Counter[str] = Counter()
        for row, name in zip(rows, names(rows), strict=True):
            moment = row["moment"][0]
            after, before = (
                spends(ROWS, start, start + PERIOD * DAY).get(name, 0.0) for start in (moment, moment - PERIOD * DAY)
            )
            assert row["label"][0] == (0 if after == 0 else 1 + sum(after > cut for cut in facts["cuts"]))
            assert row["carried"][0] == (0 if before == 0 else 1 + sum(before > cut for cut in facts["cuts"]))
            counted[facts["labels"][row["label"][0]]] += 1
        assert counted == Counter({label: counts[split] for label, counts in facts["by_label"].items()})


def test_everybody_who_bought_lately_is_there_and_nobody_learns_what_is_validated(made: ExamplesRun) -> None:
    moments = made.facts()["moments"]
    splits = {split: made.split(split) for split in SPLITS}
    for moment in moments["train"]:
        found = [row for split in ("train", "eval") for row in splits[split] if row["moment"][0] == moment]
        assert sorted(names(found)) == sorted(buyers(ROWS, moment - 20 * DAY, moment))
    assert sorted(names(splits["test"])) == sorted(buyers(ROWS, moments["test"] - 20 * DAY, moments["test"]))
    assert sorted(names(splits["current"])) == sorted(buyers(ROWS, moments["end"] - 20 * DAY, moments["end"]))
    assert {row["label"][0] for row in splits["current"]} == {-1}
    assert not set(names(splits["train"])) & set(names(splits["eval"]))


def test_histories_hold_the_latest_events_before_the_moment(made: ExamplesRun) -> None:
    for split in SPLITS:
        for row in made.split(split):
            name, moment = row["user_id"][0].decode(), row["moment"][0]
            past = [each for each in ROWS if each["user_id"] == name and each["timestamp"] < moment]
            latest = sorted(past, key=lambda each: each["timestamp"])[-OPTIONS.history_length :]
            ages = [moment - each["timestamp"] for each in latest]
            np.testing.assert_allclose(row["history_age_seconds"], ages)
            assert Counter(zip(row["history_ids"], row["history_types"], strict=True)) == Counter(
                (each["product_id"].encode(), each["event_type"].encode()) for each in latest
            )
            assert row["attribute_shop"] == [f"shop {len(name) % 2}".encode()]
            assert len({each["timestamp"] for each in latest}) < len(latest) or (
                list(zip(row["history_query"], row["history_dwell_seconds"], row["history_value"], strict=True))
                == [
                    (each.get("query", "").encode(), each.get("dwell_seconds", 0.0), each.get("value", 0.0))
                    for each in latest
                ]
            )


def test_the_baseline_sees_real_spends(made: ExamplesRun) -> None:
    for row in made.split("test"):
        name, moment = row["user_id"][0].decode(), row["moment"][0]
        own = [each for each in ROWS if each["user_id"] == name and each["timestamp"] < moment]
        ages = [(moment - each["timestamp"]) / DAY for each in own]
        baskets = {each["timestamp"] for each in own if each["timestamp"] >= moment - PERIOD * DAY}
        short, long = (spends(ROWS, moment - days * DAY, moment).get(name, 0.0) for days in (PERIOD, 20))
        found = row["baseline"]
        np.testing.assert_allclose(found[:3], [min(ages), max(ages), len(baskets)], rtol=1e-5)
        np.testing.assert_allclose([found[4], found[5], sum(found[6:])], [short, long, long], rtol=1e-5)


def test_products_cost_what_they_did_cost(made: ExamplesRun) -> None:
    table = {
        row["product_id"]: row
        for row in pq.read_table(f"{made.outputs['catalogue'].uri}/catalogue.parquet").to_pylist()
    }
    moment = made.facts()["moments"]["test"]
    means = {}
    for product in products():
        paid = [
            each["price"] * each["quantity"]
            for each in ROWS
            if each["product_id"] == product["product_id"] and each["timestamp"] < moment and "price" in each
        ]
        if paid:
            means[product["product_id"]] = np.mean(paid)
    for product_id, mean in means.items():
        assert table[product_id]["spend"] == pytest.approx(mean, rel=1e-5)
    # Nobody ever bought it, and it has no price.
    assert table["never"]["spend"] == pytest.approx(np.mean(list(means.values())), rel=1e-5)
    assert {name: row["kind"] for name, row in table.items()} == {
        "牛奶": "Milk",
        "a\nb": "Bread",
        "tea": "Tea",
        "never": "Garden",
        "plain": "coffee",
    }
    assert {row["area"] for row in table.values()} <= {"Food", "Drinks", "other"}
    assert table["plain"]["area"] == "other"


def test_given_segments_are_learned_as_they_are(tmp_path: Path) -> None:
    table = users(ROWS, segments=True)
    table[0]["segment"] = "the only one"
    table[1]["segment"] = None
    run = run_examples(tmp_path, ROWS, table)
    facts = run.facts()
    assert facts["given"]
    assert "segment_definitions" not in facts
    assert facts["labels"] == ["big/大", "middle", "small"]
    segment_of = {row["user_id"]: row["segment"] for row in table}
    rows = [row for split in SPLITS[:3] for row in run.split(split)]
    expected = {name: segment for name, segment in segment_of.items() if segment in facts["labels"]}
    assert {name: facts["labels"][row["label"][0]] for name, row in zip(names(rows), rows, strict=True)} == expected
    assert (facts["counts"]["left_out"], facts["counts"]["without_segment"]) == (1, 1)
    assert facts["notes"] == [
        f"1 of the {len(table)} users with events have no segment in table `users`: the model learns from the others."
    ]
    assert all("attribute_segment" not in row for row in rows)


def test_discovered_segments_are_those_of_what_each_user_did_and_keep_their_names(tmp_path: Path) -> None:
    discovery = DiscoveryOptions(fewest=2, most=3, min_kind_users=5, resamples=2, window_days=60, new_user_events=2)
    options = OPTIONS.model_copy(
        update={"segments": OPTIONS.segments.model_copy(update={"labels": "discovered", "discovery": discovery})}
    )
    run = run_examples(tmp_path / "first", ROWS, users(ROWS, segments=True), options)
    facts, kinds = run.facts(), {row["product_id"]: row.get("category", row["title"]) for row in products()}
    assert 2 <= len(facts["labels"]) <= 3
    assert facts["discovery"]["users"] == facts["counts"]["users"] - facts["counts"].get("without_segment", 0)
    model = load_discovered(run.outputs["labels"].uri)
    assert model is not None
    assert list(model.names) == facts["labels"]
    end, expected = facts["moments"]["end"], {}
    for user in {row["user_id"] for row in ROWS}:
        own = [row for row in ROWS if row["user_id"] == user and row["timestamp"] >= end - 60 * DAY]
        counted = Counter(kinds[row["product_id"]].split(" > ")[-1] for row in own)
        pairs = KindCounts(
            1, np.zeros(len(counted), int), pa.array(counted, pa.string()), np.array([*counted.values()])
        )
        if counted:
            expected[user] = model.names[model.of_users(pairs)[0]]
    rows = [row for split in SPLITS[:3] for row in run.split(split)]
    found = [(name, facts["labels"][row["label"][0]]) for name, row in zip(names(rows), rows, strict=True)]
    assert dict(found) == expected
    # Who is trained on stands there once more, as if he had just come.
    short = [row for row in run.split("train") if len(row["history_ids"]) <= 2]
    assert {*names(short)} == {*names(run.split("train"))}
    assert len(rows) == len(expected) + len({*names(short)})
    again = run_examples(tmp_path / "again", ROWS[::2], None, options, earlier_labels=run.outputs["labels"].uri)
    assert again.facts()["discovery"]["kept_names"] >= 2
    assert set(again.facts()["labels"]) & set(facts["labels"])


def test_a_shop_without_products_or_attributes(tmp_path: Path) -> None:
    run = run_examples(tmp_path, ROWS, with_products=False)
    table = pq.read_table(f"{run.outputs['catalogue'].uri}/catalogue.parquet")
    assert table["title"].to_pylist() == table["product_id"].to_pylist() == table["kind"].to_pylist()
    assert run.facts()["examples"]["train"] > 0


@pytest.mark.parametrize(
    ("rows", "user_rows", "options", "message"),
    [
        ([{**row, "price": None} for row in ROWS], None, {}, "has no prices"),
        ([{**row, "timestamp": None, "position": 1} for row in ROWS], None, {}, "has no timestamps"),
        (ROWS, None, {"labels": "given"}, "has no segments"),
        (ROWS, None, {"period_days": 60.0}, "too short a time"),
        (ROWS, [{"user_id": row["user_id"], "segment": "all"} for row in users(ROWS)], {}, "two segments or more"),
        ([{**row, "event_type": "rent"} for row in ROWS], None, {}, "event types without a weight"),
    ],
)
def test_tables_that_teach_nothing_are_refused(
    tmp_path: Path, rows: list[Row], user_rows: list[Row] | None, options: dict[str, object], message: str
) -> None:
    changed = SegmentationExamplesOptions(**{**OPTIONS.model_dump(), "segments": {**SEGMENTS.model_dump(), **options}})
    with pytest.raises(InputError, match=message):
        run_examples(tmp_path, rows, user_rows, changed)


def test_given_segments_of_other_users_are_refused_with_how_ids_are_written(tmp_path: Path) -> None:
    table = [{**row, "user_id": row["user_id"].replace(" ", "-")} for row in users(ROWS, segments=True)]
    with pytest.raises(InputError) as raised:
        run_examples(tmp_path, ROWS, table)
    message = str(raised.value)
    assert message.startswith("Segmentation should have two segments or more to tell apart")
    assert (
        f"it has 0. Table `users`: 0 of its {len(table)} users occur in `events`, so attributes and segments" in message
    )
    assert "Ids are `user-0`, `user-10`, `user-12` here, and `user 0`, `user 1`, `user 10` in `events`" in message


def test_tiers_that_nobody_can_be_in_are_noted(tmp_path: Path) -> None:
    """As where a shop sells one subscription: whoever buys, buys once in a period and for the same price."""
    rows = [
        {
            "user_id": f"user {user}",
            "product_id": "tea",
            "event_type": "purchase",
            "timestamp": 1_500_000_000 + (day + user % 10) * DAY,
            "price": 5.0,
        }
        for user in range(60)
        for day in range(0, 80, PERIOD if user % 3 else 40)
    ]
    facts = run_examples(tmp_path, rows).facts()
    assert facts["cuts"] == [5.0, 5.0]
    assert facts["by_label"]["mid"] == facts["by_label"]["high"] == {"train": 0, "eval": 0, "test": 0}
    assert facts["notes"] == [
        "Nobody can be in the tier `mid`: it begins and ends at a spend of 5.00, as many users spend just that. Name "
        "fewer `tasks.segmentation.segments.tiers`, or set `cuts`.",
        "Segment `lapsed` has no user to test with.",
        "Segment `high` has no user to learn from and none to test with.",
    ]


def test_tiers_without_users_are_noted(made: ExamplesRun) -> None:
    empty = {
        (name, split)
        for name, counts in made.facts()["by_label"].items()
        for split, count in counts.items()
        if not count
    }
    assert empty == {("lapsed", "test")}
    assert made.facts()["notes"] == ["Segment `lapsed` has no user to test with."]


def test_guests_are_in_no_segment_but_tell_what_products_cost(tmp_path: Path, made: ExamplesRun) -> None:
    guests = [
        {**row, "user_id": None, "basket_id": f"guest {place}", "price": 100.0, "quantity": 1.0}
        for place, row in enumerate(ROWS[::5])
        if row["event_type"] == "purchase" and row["timestamp"] < made.facts()["moments"]["test"]
    ]
    run = run_examples(tmp_path, [*ROWS, *guests], users(ROWS), WITH_SIGNALS)
    assert {key: run.facts()[key] for key in ("labels", "cuts", "moments", "examples", "by_label")} == {
        key: made.facts()[key] for key in ("labels", "cuts", "moments", "examples", "by_label")
    }
    names_of_areas = len(made.split("test")[0]["baseline"]) - 6
    for split in SPLITS:
        found, expected = (
            sorted(repr({**row, "baseline": row["baseline"][:-names_of_areas]}) for row in each.split(split))
            for each in (run, made)
        )
        assert found == expected
    costs, before = (
        dict(
            zip(
                *pq.read_table(f"{each.outputs['catalogue'].uri}/catalogue.parquet", columns=["product_id", "spend"])
                .to_pydict()
                .values(),
                strict=True,
            )
        )
        for each in (run, made)
    )
    assert all(costs[row["product_id"]] > before[row["product_id"]] for row in guests)
