"""Profiles of segments, beside what is worked out by hand."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from components.segmentation.examples.moments import segment_definitions, tiers_of
from components.segmentation.segments.description import with_descriptions
from components.segmentation.segments.profiles import segment_profiles


def sums_of(users: dict[str, int], kinds: dict[tuple[str, str], int]) -> Counter[Any]:
    """Counts of users, and of those who bought a kind, by segment."""
    sums: Counter[Any] = Counter({("users", name): count for name, count in users.items()})
    sums.update({("spend", name): 10 * count for name, count in users.items()})
    sums.update({("kind", *key): count for key, count in kinds.items()})
    return sums


def wilson_low(count: int, users: int) -> float:
    """The lower end of Wilson's 95% interval."""
    z, share = 1.959963984540054, count / users
    middle = share + z * z / (2 * users)
    spread = z * math.sqrt(share * (1 - share) / users + z * z / (4 * users**2))
    return (middle - spread) / (1 + z * z / users)


def test_the_lift_of_a_kind_counts_users() -> None:
    kinds = {("a", "milk"): 60, ("b", "milk"): 40, ("a", "tea"): 20, ("b", "tea"): 2, ("a", ""): 50}
    profiles = segment_profiles(sums_of({"a": 100, "b": 60}, kinds), ["b", "a", "nobody"])
    assert list(profiles) == ["b", "a"]
    tea, milk = profiles["a"]["kinds"]
    assert tea == {"kind": "tea", "share": 0.2, "lift": pytest.approx(0.2 / (22 / 160))}
    assert milk == {"kind": "milk", "share": 0.6, "lift": pytest.approx(0.6 / (100 / 160))}
    assert [kind["kind"] for kind in profiles["b"]["kinds"]] == ["milk"]
    assert (profiles["a"]["users"], profiles["a"]["share"], profiles["a"]["spend"]) == (100, 100 / 160, 10)


def test_few_users_prove_little() -> None:
    users = {"a": 100, "b": 900}
    common, rare, seldom = {"a": 60, "b": 240}, {"a": 6, "b": 6}, {"a": 4, "b": 0}
    every = {"common": common, "rare": rare, "seldom": seldom}
    kinds = {(segment, kind): count for kind, counts in every.items() for segment, count in counts.items()}
    found = segment_profiles(sums_of(users, kinds), ["a", "b"])["a"]["kinds"]
    # Four in a hundred are fewer than one in twenty.
    assert [kind["kind"] for kind in found] == ["rare", "common"]
    assert found[0]["lift"] == pytest.approx(5.0)
    certain = {kind: wilson_low(every[kind]["a"], 100) / (sum(every[kind].values()) / 1000) for kind in every}
    assert certain["rare"] > certain["common"]
    kinds["b", "rare"] = 12
    found = segment_profiles(sums_of(users, kinds), ["a", "b"])["a"]["kinds"]
    assert [(kind["kind"], kind["lift"]) for kind in found] == [
        ("common", pytest.approx(2.0)),
        ("rare", pytest.approx(0.06 / 0.018)),
    ]
    assert wilson_low(6, 100) / (18 / 1000) < certain["common"]


def test_products_are_offered_to_the_segment_that_they_fit() -> None:
    sums = sums_of({"a": 30, "b": 30}, {})
    sums.update({("asked", "a"): 10, ("asked", "b"): 10})
    offered = {
        ("a", "P1", "For all"): 10,
        ("b", "P1", "For all"): 10,
        ("a", "P2", "Tea"): 9,
        ("b", "P2", "Tea"): 3,
        ("a", "P3", "Tea"): 6,
        ("a", "P4", ""): 4,
        ("a", "P5", ""): 3,
        ("b", "P6", "Milk"): 6,
        ("a", "P6", "Milk"): 5,
        ("b", "P7", "Once"): 2,
    }
    sums.update({("product", *key): count for key, count in offered.items()})
    profiles = segment_profiles(sums, ["a", "b"])
    gain = {"P2": 0.9 * math.log(1.5), "P3": 0.6 * math.log(2), "P4": 0.4 * math.log(2), "P5": 0.3 * math.log(2)}
    assert sorted(gain, key=lambda each: -gain[each]) == ["P3", "P2", "P4", "P5"]
    # P2 has the title of P3; what both are offered alike, or what the other is offered more, is left out.
    assert [each["product_id"] for each in profiles["a"]["products"]] == ["P3", "P4", "P5"]
    (milk,) = profiles["b"]["products"]
    assert milk == {"product_id": "P6", "title": "Milk", "share": 0.6, "lift": pytest.approx(0.6 / 0.55)}


def test_a_segment_that_nothing_fits_is_offered_what_is_offered_most() -> None:
    sums = sums_of({"a": 30}, {})
    sums.update({("asked", "a"): 10, ("product", "a", "P1", "One"): 4, ("product", "a", "P2", "Two"): 8})
    products = segment_profiles(sums, ["a"])["a"]["products"]
    assert [(each["product_id"], each["lift"]) for each in products] == [("P2", 1.0), ("P1", 1.0)]


def test_definitions_hold_what_the_tiers_hold() -> None:
    labels, cuts = ["lapsed", "low", "mid", "high"], [10.0, 20.5]
    definitions = segment_definitions(labels, cuts)
    spends = np.array([0.0, 0.01, 10.0, 10.01, 20.5, 20.6, 1e6])
    for spend, tier in zip(spends, tiers_of(spends, cuts), strict=True):
        (found,) = [
            each["segment"]
            for each in definitions
            if (each["from"] is None or spend > each["from"]) and (each["to"] is None or spend <= each["to"])
        ]
        assert found == labels[tier]
    profiles = segment_profiles(sums_of({"mid": 3}, {}), labels, definitions)
    assert (profiles["mid"]["from"], profiles["mid"]["to"]) == (10.0, 20.5)


def test_descriptions_hold_when_counted() -> None:
    kinds = {("tea", "Tea"): 36, ("tea", "Milk"): 20, ("milk", "Milk"): 80, ("milk", "Tea"): 4}
    sums = sums_of({"tea": 40, "milk": 160}, kinds)
    sums.update({("visits", "tea"): 400, ("visits", "milk"): 400, ("days", "tea"): 80, ("days", "milk"): 1520})
    told = with_descriptions(segment_profiles(sums, ["tea", "milk"]), period_days=56.0)
    # 36 of 40 beside 40 of 200; all visits are 800 of 200 users, and days since the last are 8 on the mean.
    assert told["tea"]["description"] == (
        "More of them than of all users buy Tea (90% of them, 4.5 times as many). In 56 days they come 10.0 times (2.5 "
        "times as much as all) and spend 10.00 (about as all do); the last time was 2 days ago (8 for all)."
    )
    # Milk is bought by 80 of 160 beside 100 of 200.
    assert told["milk"]["description"].startswith("Nothing that they buy sets them apart. In 56 days they come 2.5 ")
