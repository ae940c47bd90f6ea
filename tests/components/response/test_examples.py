"""Impressions as examples: what is known before each, and what is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import InputError
from components.response.examples.options import ResponseExamplesOptions, ResponseSplitOptions
from tests.components.response.shop import (
    DAY,
    OF_OFFER,
    OFFERS,
    OPTIONS,
    SPLITS,
    START,
    ExamplesRun,
    Row,
    events,
    impressions,
    run_examples,
    tables,
    users,
)

TEST_START = START + 80 * DAY


def split_at(validation: int, test: int) -> ResponseSplitOptions:
    return ResponseSplitOptions.model_validate({"validation_start": validation, "test_start": test})


TIMED = OPTIONS.model_copy(update={"split": split_at(START + 60 * DAY, TEST_START)})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ExamplesRun:
    return run_examples(tmp_path_factory.mktemp("response"), tables(impressions()), TIMED)


def by_key(made: ExamplesRun, splits: tuple[str, ...] = SPLITS) -> dict[tuple[Any, ...], Row]:
    """The examples of known users by user, offer and time."""
    return {
        (row["user_id"][0], row["item"][0], row["shown_at"][0]): row
        for split in splits
        for row in made.split(split)
        if row["user_id"]
    }


def test_each_impression_lies_in_the_period_of_its_time(made: ExamplesRun) -> None:
    found = {split: [row["shown_at"][0] for row in made.split(split)] for split in SPLITS}
    assert max(found["train"]) < START + 60 * DAY <= min(found["eval"])
    assert max(found["eval"]) < TEST_START <= min(found["test"])
    assert sum(map(len, found.values())) == len(impressions())
    counts = made.facts()["counts"]
    assert {split: counts[split] for split in SPLITS} == {split: len(rows) for split, rows in found.items()}


def test_features_are_what_a_walk_over_the_tables_finds(made: ExamplesRun) -> None:
    """Each feature a second way: by loops over the rows that lie before the impression."""
    names = made.facts()["feature_names"]
    rows, acts = impressions(), events()
    examples = by_key(made)
    for row in [row for row in rows if row["user_id"]][::17]:
        now, user = row["shown_at"], row["user_id"]
        example = examples[user.encode(), row["offer_id"].encode(), now]
        numbers = dict(zip(names, example["numbers"], strict=True))
        past = sorted((e for e in acts if e["user_id"] == user and e["timestamp"] < now), key=lambda e: e["timestamp"])
        ages = [(now - each["timestamp"], each) for each in past[-OPTIONS.history_length :]]
        about = OF_OFFER[OFFERS.index(row["offer_id"])]
        lately = [each for age, each in ages if age <= 84 * DAY]
        own = [each for each in lately if each["product_id"] in about]
        shown = sorted((i for i in rows if i["user_id"] == user and i["shown_at"] < now), key=lambda i: i["shown_at"])
        shown = shown[-OPTIONS.shown_length :]
        clicked = [i for i in shown if i["clicked"] and i["responded_at"] < now]
        everybody = [i for i in rows if i["offer_id"] == row["offer_id"] and i["shown_at"] < now]
        answered = sum(
            1
            for i in rows
            if i["offer_id"] == row["offer_id"] and i["redeemed"] and i["responded_at"] < now and i["shown_at"] < now
        )
        kinds = {offer: "drinks" if place in (1, 3) else "food" for place, offer in enumerate(OFFERS)}
        like = [i for i in clicked if kinds[i["offer_id"]] == kinds[row["offer_id"]]]
        expected = {
            "purchase_84_days": sum(each["event_type"] == "purchase" for each in lately),
            "view_28_days": sum(each["event_type"] == "view" for age, each in ages if age <= 28 * DAY),
            "days_since_event": min((age for age, _ in ages), default=np.nan * 1) / DAY,
            "offer_products_84_days": len(own),
            "offer_products_share": len(own) / len(lately) if lately else 0.0,
            "shown": len(shown),
            "past_clicked": len(clicked),
            "past_redeemed": sum(i["redeemed"] for i in clicked),
            "past_clicked_rate": (len(clicked) + 1.0) / (len(shown) + 20.0),
            "shown_this": sum(i["offer_id"] == row["offer_id"] for i in shown),
            "past_clicked_same_kind": len(like),
            "offer_shown": len(everybody),
            "offer_redeemed_rate": (answered + 1.0) / (len(everybody) + 20.0),
            "offer_products": len(about),
            "screen": row["screen"],
        }
        np.testing.assert_allclose([numbers[name] for name in expected], list(expected.values()), rtol=1e-5)


def test_nothing_after_an_impression_changes_what_is_said_of_it(made: ExamplesRun, tmp_path: Path) -> None:
    """Whatever happens from a moment on, features of impressions up to it stay the same."""
    moment = START + 50 * DAY
    rows: list[Row] = []
    for row in impressions():
        if row["shown_at"] > moment:
            other = OFFERS[(OFFERS.index(row["offer_id"]) + 1) % 3]
            clicked = 1 - row["clicked"]
            answer = {"clicked": clicked, "redeemed": 0, "responded_at": row["shown_at"] + 5 if clicked else None}
            row = row | answer | {"offer_id": other}
        elif row["responded_at"] is not None and row["responded_at"] > moment:
            row = row | {"responded_at": row["responded_at"] + 10 * DAY}
        rows.append(row)
    acts = [row | ({"product_id": "tea"} if row["timestamp"] > moment else {}) for row in events()]
    changed = by_key(run_examples(tmp_path, tables(rows, events=acts), TIMED))
    before = {key: row for key, row in by_key(made).items() if key[2] <= moment}
    assert len(before) > 200
    for key, row in before.items():
        for name in ("numbers", "categories", "vectors"):
            np.testing.assert_array_equal(changed[key][name], row[name], err_msg=f"{key} {name}")


def test_what_is_not_known_when_the_test_begins_is_not_learned(made: ExamplesRun) -> None:
    late = {
        (row["user_id"].encode(), row["offer_id"].encode(), row["shown_at"])
        for row in impressions()
        if row["user_id"] and row["clicked"] and row["shown_at"] < TEST_START <= row["responded_at"]
    }
    found = by_key(made)
    assert late
    assert all(not any(found[key]["outcomes"]) for key in late)


def test_random_splits_keep_users_together(tmp_path: Path) -> None:
    split = ResponseSplitOptions(method="random")
    made = run_examples(tmp_path, tables(impressions()), OPTIONS.model_copy(update={"split": split}))
    of_users = [{row["user_id"][0] for row in made.split(name) if row["user_id"]} for name in SPLITS]
    assert all(of_users)
    assert sum(map(len, of_users)) == len(set().union(*of_users)) == 59


def test_left_out_negatives_count_through_those_that_are_kept(tmp_path: Path) -> None:
    options = TIMED.model_copy(update={"negatives": 0.4})
    rows = run_examples(tmp_path, tables(impressions()), options).split("train")
    weights = np.array([row["weight"][0] for row in rows])
    negative = np.array([not any(row["outcomes"]) for row in rows])
    np.testing.assert_allclose(weights[~negative], 1.0)
    np.testing.assert_allclose(weights[negative], 2.5)
    whole = [row for row in impressions() if row["shown_at"] < START + 60 * DAY]
    assert abs(weights.sum() / len(whole) - 1.0) < 0.2


def test_a_shop_may_show_products_and_know_nobody(tmp_path: Path) -> None:
    rows = [
        {"product_id": row["offer_id"], "shown_at": row["shown_at"], "clicked": row["clicked"]} for row in impressions()
    ]
    options = ResponseExamplesOptions(max_unknown_product_fraction=0.2, max_bad_fraction=0.0)
    made = run_examples(tmp_path, {"impressions": rows}, options)
    assert {row["item"][0].decode() for row in made.split("test")} == set(OFFERS[:3])


def each(change: Mapping[str, Any]) -> list[Row]:
    return [row | change for row in impressions()]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (each({"clicked": 0, "redeemed": 0, "responded_at": None}), TIMED, "None of the .* has the outcome `clicked`"),
        (each({"clicked": 1}), TIMED, "All of the .* there are no negatives"),
        (each({"campaign_id": "one"}), TIMED, "All impressions are of one campaign"),
        (
            [row | ({"responded_at": row["shown_at"] + 9 * DAY} if row["clicked"] else {}) for row in impressions()],
            TIMED.model_copy(update={"window_days": 7.0}),
            "came after the end of their window",
        ),
        (
            [row | ({"responded_at": row["shown_at"] - 1} if row["clicked"] else {}) for row in impressions()],
            TIMED,
            "came before they were shown",
        ),
        (each({"offer_id": "what?"}), TIMED, "name an offer or product that its table lacks"),
        (impressions(), OPTIONS.model_copy(update={"split": split_at(START, START + 1)}), "no impression to learn"),
    ],
    ids=["no positives", "no negatives", "one campaign", "late", "early", "unknown", "split"],
)
def test_a_fault_of_the_table_is_one_message(
    tmp_path: Path, rows: list[Row], options: ResponseExamplesOptions, message: str
) -> None:
    given = tables(rows[:120], events=None, products=None, users=None)
    with pytest.raises(InputError, match=message):
        run_examples(tmp_path, given, options)


def test_users_lack_what_their_table_lacks(made: ExamplesRun) -> None:
    assert made.facts()["request_texts"] == ["placement", "device", "city"]
    known = {row["user_id"] for row in users()}
    for key, row in by_key(made).items():
        city = row["categories"][2].decode()
        assert city == (f"city {int(key[0].split()[1]) % 3}" if key[0].decode() in known else "")
