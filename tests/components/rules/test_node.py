"""BasketRules on Beam: what brute force counts, what rules say, and what odd tables do."""

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from components.rules import rule_steps
from components.rules.options import RulesOptions
from tests.components.rules.rules_runs import EVERY_RULE, RulesRun, purchases, run_rules
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows, product_id
from trainer.artifacts.names import CATEGORY_PRODUCTS_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet

# Ids that would come apart where members were joined by a separator.
NAMES = ["a", "a,b", "b", "a > b", "line\nbreak", "tab\t", "|", "{a, b}", "é", "茶"]
CATEGORIES = {name: f"Shop > {'even' if place % 2 else 'odd'}" for place, name in enumerate(NAMES[:-2])}
BASKETS = 300


@pytest.fixture(scope="module")
def baskets() -> list[list[str]]:
    generator = np.random.default_rng(0)
    return [
        [name for place, name in enumerate(NAMES) if generator.random() < 0.1 + 0.05 * (number % 5 == place % 5) * 8]
        for number in range(BASKETS)
    ]


@pytest.fixture(scope="module")
def mined(baskets: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> RulesRun:
    options = RulesOptions(min_support=0.02, category_min_support=1, max_length=4, recent_weeks=6, **EVERY_RULE)
    with pytest.MonkeyPatch.context() as patch:
        # More parts than one, as with many rules.
        patch.setattr(rule_steps, "_RULES_PER_PART", 100)
        return run_rules(tmp_path_factory.mktemp("rules"), options, purchases(baskets), CATEGORIES)


def subsets(baskets: list[list[str]], min_count: int) -> dict[tuple[str, ...], int]:
    counts: Counter[tuple[str, ...]] = Counter()
    for basket in baskets:
        for length in range(1, 5):
            counts.update(combinations(sorted(set(basket)), length))
    return {itemset: count for itemset, count in counts.items() if count >= min_count}


def test_what_goes_with_a_category_is_counted_at_every_level(mined: RulesRun, baskets: list[list[str]]) -> None:
    """Each product that is bought with another one of the category, in `min_baskets` baskets or more, if by surplus."""
    rows = read_parquet(shards(mined.uri, CATEGORY_PRODUCTS_PREFIX)).to_pylist()
    found = {(row["category"], row["product_id"]): (row["count"], row["category_count"]) for row in rows}
    assert {category for category, _ in found} == {"Shop", *CATEGORIES.values()}
    for (category, product), counts in found.items():
        inside = {name for name, path in CATEGORIES.items() if path.startswith(category)}
        holding = [set(basket) for basket in baskets if inside & set(basket)]
        together = sum(product in basket and bool(inside & (basket - {product})) for basket in holding)
        assert counts == (together, len(holding))
        assert together >= 5
    assert all(row["surplus"] > 0.0 for row in rows)
    assert all(row["confidence"] == row["count"] / row["category_count"] for row in rows)


def test_itemsets_and_counts_are_those_of_brute_force_at_both_levels(mined: RulesRun, baskets: list[list[str]]) -> None:
    filled = [basket for basket in baskets if basket]
    min_count = int(np.ceil(0.02 * len(filled)))
    assert mined.counts() == subsets(filled, min_count)
    of_category = [[CATEGORIES[name] for name in basket if name in CATEGORIES] for basket in filled]
    assert mined.counts("category") == subsets(of_category, 1)
    for row in mined.itemsets.to_pylist():
        assert row["length"] == len(row["items"])
        if row["level"] == "product":
            assert row["support"] == row["count"] / len(filled)


def test_every_split_of_an_itemset_is_a_rule_with_the_counts_of_its_sides(mined: RulesRun) -> None:
    for level in ("product", "category"):
        counts = mined.counts(level)
        total = mined.facts["levels"][level]["baskets"]
        rules = [row for row in mined.rules.to_pylist() if row["level"] == level]
        expected = {
            (tuple(sorted({*itemset} - {consequent})), consequent)
            for itemset in counts
            if len(itemset) > 1
            for consequent in itemset
        }
        assert {(tuple(sorted(row["antecedent"])), row["consequent"]) for row in rules} == expected
        assert len(rules) == len(expected) == mined.facts["levels"][level]["rules_tested"]
        for row in rules:
            antecedent = tuple(sorted(row["antecedent"]))
            assert row["count"] == counts[tuple(sorted([*antecedent, row["consequent"]]))]
            assert row["antecedent_count"] == counts[antecedent]
            assert row["consequent_count"] == counts[(row["consequent"],)]
            assert row["confidence"] == row["count"] / row["antecedent_count"]
            assert row["lift"] == pytest.approx(row["confidence"] / (row["consequent_count"] / total))
        found = np.array([row["q_value"] for row in rules])
        exact = stats.false_discovery_control([row["p_value"] for row in rules])
        np.testing.assert_allclose(found, exact, rtol=0.04)


def test_the_last_weeks_stand_beside_those_before(mined: RulesRun, baskets: list[list[str]]) -> None:
    recent = {number for number, basket in enumerate(baskets) if basket and number > BASKETS - 1 - 6 * 7}
    filled = sum(map(bool, baskets))
    assert mined.facts["levels"]["product"]["recent_baskets"] == len(recent)
    rule = mined.rule({"a"}, "a,b")
    assert rule is not None
    both = [number for number, basket in enumerate(baskets) if {"a", "a,b"} <= {*basket}]
    late = sum(number in recent for number in both)
    assert rule["recent_support"] == late / len(recent)
    assert rule["earlier_support"] == (len(both) - late) / (filled - len(recent))
    ratio = rule["recent_support"] / rule["earlier_support"]
    assert rule["stability"] == pytest.approx(min(ratio, 1 / ratio))


def test_limits_keep_rules_out_and_a_cap_keeps_the_strongest(
    mined: RulesRun, tmp_path: Path, baskets: list[list[str]]
) -> None:
    limits = {"min_confidence": 0.3, "min_lift": 1.1, "max_q_value": 0.2, "max_rules_per_product": 2}
    options = RulesOptions(levels=("product",), min_support=0.02, max_length=4, **limits)
    kept = run_rules(tmp_path, options, purchases(baskets))
    by_rarest: dict[tuple[str, int], list[dict[str, Any]]] = {}
    counts = mined.counts()
    for row in mined.rules.to_pylist():
        if row["level"] == "product" and row["confidence"] >= 0.3 and row["lift"] >= 1.1 and row["q_value"] <= 0.2:
            # Of equally frequent items the first by name is the more frequent one.
            rarest = max(row["antecedent"], key=lambda name: (-counts[(name,)], name.encode()))
            by_rarest.setdefault((rarest, len(row["antecedent"])), []).append(row)
    expected = [row["lift"] for rows in by_rarest.values() for row in sorted(rows, key=lambda r: -r["lift"])[:2]]
    assert sorted(row["lift"] for row in kept.rules.to_pylist()) == sorted(expected)
    assert kept.facts["levels"]["product"]["rules"] == len(expected)
    assert len(expected) < mined.facts["levels"]["product"]["rules"]
    assert set(kept.itemsets["level"].to_pylist()) == {"product"}


def test_planted_bundles_are_found_and_what_is_only_popular_is_not(tmp_path: Path) -> None:
    shop = SyntheticShop(products=60, users=800, events_per_user=20)
    events = event_rows(shop, 0, shop.users).to_pylist()
    run = run_rules(tmp_path, RulesOptions(levels=("product",), min_support=25, min_lift=2.0), events)
    found = {(row["antecedent"][0], row["consequent"]) for row in run.rules.to_pylist() if len(row["antecedent"]) == 1}
    counts = run.counts()
    planted = {
        (product_id(leader), product_id(partner))
        for leader in range(shop.products)
        if (partner := shop.bundle_partner(leader)) is not None and counts.get((product_id(leader),), 0) >= 40
    }
    assert len(planted) >= 3
    assert planted <= found
    # Products of a kind are bought by the same people, so a rule may join what a leader and its kind have in common;
    # products of two kinds without a bundle are only popular.
    kinds = {product_id(product): product % shop.kinds for product in range(shop.products)}
    joined = {frozenset((kinds[a], kinds[b])) for a, b in planted}
    strangers = [(a, b) for a, b in found if frozenset((kinds[a], kinds[b])) not in joined and kinds[a] != kinds[b]]
    assert strangers == []


def test_without_basket_ids_a_user_and_a_day_are_a_basket(tmp_path: Path) -> None:
    options = RulesOptions(levels=("product",), min_support=1, **EVERY_RULE)
    events = purchases([["a", "b"], ["a", "c"]], basket_id=None)
    run = run_rules(tmp_path, options, [{**event, "event_type": "purchase"} for event in events])
    assert run.counts() == {("a",): 2, ("b",): 1, ("c",): 1, ("a", "b"): 1, ("a", "c"): 1}
    assert run.facts["events"]["bought_events_without_basket_id"] == 4


def test_bought_events_of_baskets_that_reach_into_validation_are_counted(tmp_path: Path) -> None:
    events = purchases([["a", "b"], ["a", "c"], ["d"]])
    later = [
        {**event, "timestamp": event["timestamp"] + 86_400 * 400} for event in events if event["basket_id"] == "b1"
    ]
    views = [{**event, "event_type": "view"} for event in events]
    options = RulesOptions(levels=("product",), min_support=1, **EVERY_RULE)
    run = run_rules(
        tmp_path, options, [*events, *later, *views], validation_start=86_400 * 300, test_start=86_400 * 390
    )
    assert (run.facts["events"]["bought_events"], run.facts["events"]["cut_events"]) == (3, 2)


def test_one_basket_is_no_evidence(tmp_path: Path) -> None:
    run = run_rules(tmp_path, RulesOptions(levels=("product",), min_baskets=1), purchases([["a", "b", "c"]]))
    assert len(run.itemsets) == 7
    assert len(run.rules) == 0
    assert run.facts["levels"]["product"]["rules_tested"] == 9
    assert run.rules.schema.names[:3] == ["level", "antecedent", "consequent"]


def test_a_basket_of_ten_thousand_products_is_left_out_and_counted(tmp_path: Path) -> None:
    huge = [f"p{number}" for number in range(10_000)]
    events = purchases([huge, ["p1", "p2"], ["p1", "p2"], ["p3"]])
    run = run_rules(tmp_path, RulesOptions(levels=("product",), min_support=2, **EVERY_RULE), events)
    assert run.facts["events"]["oversized_baskets"] == 1
    assert run.facts["levels"]["product"]["baskets"] == 3
    assert run.counts() == {("p1",): 2, ("p2",): 2, ("p1", "p2"): 2}


def test_views_alone_make_no_basket(tmp_path: Path) -> None:
    views = [{**event, "event_type": "view"} for event in purchases([["a", "b"]] * 3)]
    run = run_rules(tmp_path, RulesOptions(), views)
    assert (len(run.itemsets), len(run.rules)) == (0, 0)
    assert run.facts["levels"]["category"]["baskets"] == 0


def test_more_itemsets_than_allowed_double_the_support_until_there_are_fewer(tmp_path: Path) -> None:
    """As in a shop that sells to shops, whose baskets are large: a run goes on, and says what it did."""
    generator = np.random.default_rng(3)
    baskets = [sorted(generator.choice(list("abcdefghij"), 6, replace=False)) for _ in range(40)]
    asked = RulesOptions(levels=("product",), min_support=2, min_lift=0.0, max_q_value=1.0, max_itemsets=80)
    run = run_rules(tmp_path / "asked", asked, purchases(baskets))
    needed = run.facts["levels"]["product"]["min_count"]
    assert run.facts["levels"]["product"]["raised_from"] == 2
    assert needed in (4, 8, 16, 32)
    for folder, support, most in (("as", needed, 1_000_000), ("before", needed // 2, 1_000_000)):
        options = asked.model_copy(update={"min_support": support, "max_itemsets": most})
        other = run_rules(tmp_path / folder, options, purchases(baskets))
        assert "raised_from" not in other.facts["levels"]["product"]
        if folder == "as":
            assert other.counts() == run.counts()
            assert len(other.rules) == len(run.rules)
        else:
            assert len(other.itemsets) > 80
