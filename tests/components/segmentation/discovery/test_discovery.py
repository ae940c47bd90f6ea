"""Discovered segments, beside tastes that were planted and counts by hand."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from benchmarks.discovered_segments import recovery
from components.errors import InputError
from components.segmentation.discovery.discovered_segments import DiscoveredSegments, discover
from components.segmentation.discovery.kind_counts import KindCounts, SampleUsers, of_stream, to_stream
from components.segmentation.discovery.kind_space import KindSpace
from components.segmentation.discovery.naming import earlier_names
from components.segmentation.discovery.options import DiscoveryOptions

OPTIONS = DiscoveryOptions(fewest=2, most=5, dimensions=4, min_kind_users=2, resamples=3)
# Two kinds of each of three tastes, and one that all have.
KINDS = ("Tea", "Cups", "Dogs", "Cats", "Nails", "Wood", "Bags")


def shop(users: int = 90, seed: int = 0, first: int = 0) -> tuple[KindCounts, np.ndarray]:
    """Users of three tastes, and which one each has."""
    random = np.random.default_rng(seed)
    tastes = np.arange(first, first + users) % 3
    rates = np.full((users, len(KINDS)), 0.1)
    for user, taste in enumerate(tastes):
        rates[user, 2 * taste : 2 * taste + 2] = 5.0
    rates[:, -1] = 2.0
    return counts_of(random.poisson(rates)), tastes


def counts_of(events: np.ndarray) -> KindCounts:
    user, kind = np.nonzero(events)
    return KindCounts(len(events), user, pa.array([KINDS[place] for place in kind]), events[user, kind])


def test_planted_tastes_are_found_and_named_after_what_they_buy() -> None:
    counts, tastes = shop()
    found, facts = discover(counts, OPTIONS, seed=0)
    segments = found.of_users(counts)
    assert adjusted_rand_score(tastes, segments) > 0.9
    assert {frozenset(name.split(" and ")) for name in found.names} == {
        frozenset(KINDS[2 * taste : 2 * taste + 2]) for taste in range(3)
    }
    assert facts["stability"] > 0.9
    assert [each["segments"] for each in facts["tried"]] == [2, 3, 4, 5]
    for place, name in enumerate(found.names):
        assert set(np.array(KINDS)[2 * tastes[segments == place][0] :][:2]) == set(name.split(" and "))


def test_a_user_with_one_event_has_a_segment_and_one_of_unknown_kinds_none() -> None:
    counts, _ = shop()
    found, _ = discover(counts, OPTIONS, seed=0)
    one = KindCounts(2, np.array([0, 1]), pa.array(["Dogs", "no such kind"]), np.array([1, 9]))
    of_dogs, of_nothing = found.of_users(one)
    assert "Dogs" in found.names[of_dogs]
    assert of_nothing == -1


def test_segments_keep_their_names_among_other_users_and_seeds() -> None:
    counts, _ = shop()
    first, _ = discover(counts, OPTIONS, seed=0)
    renamed = DiscoveredSegments(names=("one", "two", "three"), space=first.space, centroids=first.centroids)
    later, tastes = shop(users=120, seed=1, first=7)
    second, facts = discover(later, OPTIONS, seed=5, earlier=renamed)
    assert facts["kept_names"] == 3
    before, now = renamed.of_users(later), second.of_users(later)
    same = [renamed.names[old] == second.names[new] for old, new in zip(before, now, strict=True)]
    assert np.mean(same) > 0.95
    assert adjusted_rand_score(tastes, now) > 0.9


def test_names_go_to_the_segments_with_the_same_users_each_once() -> None:
    before, now = np.array([0, 0, 0, 1, 1, 2]), np.array([2, 2, 2, 0, 0, 1])
    assert earlier_names(now, 3, before, ("a", "b", "c"), 0.3) == ["b", "c", "a"]
    # Of a segment that was cut in two the larger part keeps the name.
    assert earlier_names(np.array([0, 1, 1, 1]), 2, np.zeros(4, np.int64), ("a",), 0.3) == [None, "a"]
    assert earlier_names(np.array([0, 1, 2, 3]), 4, np.zeros(4, np.int64), ("a",), 0.3) == [None] * 4


def test_the_model_is_the_same_after_it_was_written() -> None:
    counts, _ = shop()
    found, _ = discover(counts, OPTIONS, seed=0)
    again = DiscoveredSegments.of_bytes(found.to_bytes())
    assert again.names == found.names
    np.testing.assert_array_equal(again.of_users(counts), found.of_users(counts))


def test_vectors_are_those_of_latent_semantic_analysis() -> None:
    counts, _ = shop(users=30)
    space = KindSpace.fit(counts, OPTIONS, seed=0)
    events = counts.matrix(space.kinds).toarray()
    weights = np.log(30 / (events > 0).sum(axis=0)) + 0.1
    weighed = np.where(events > 0, 1 + np.log(np.maximum(events, 1)), 0) * weights
    weighed /= np.linalg.norm(weighed, axis=1, keepdims=True)
    axes = np.linalg.svd(weighed, full_matrices=False)[2][: OPTIONS.dimensions]
    expected = weighed @ axes.T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = space.vectors(counts)
    # Axes have no sign of their own.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-4)


def test_users_that_are_all_alike_are_a_clear_error() -> None:
    same = counts_of(np.tile([3, 0, 0, 0, 0, 0, 1], (20, 1)))
    with pytest.raises(InputError, match=r"20 users, there are 1 distinct users.*labels: spend"):
        discover(same, OPTIONS, seed=0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 20), max_size=6), min_size=1, max_size=5), st.integers(1, 8))
def test_a_sample_has_the_users_with_the_lowest_shares_however_they_are_dealt_out(
    buckets: list[list[int]], most: int
) -> None:
    combine = SampleUsers(most)
    seen: Counter[int] = Counter()
    accumulators = []
    for bucket in buckets:
        users = sorted(set(bucket) - set(seen))
        seen.update(users)
        counts = KindCounts(len(users), np.arange(len(users)), pa.array(["Tea"] * len(users), pa.string()),
                            np.ones(len(users), np.int64))  # fmt: skip
        ids = pa.array([f"{user:02d}".encode() for user in users], pa.binary())
        shares = np.array([(7 * user % 23) / 23 for user in users])
        accumulators.append(combine.add_input(combine.create_accumulator(), to_stream(counts, ids, shares)))
    sample = combine.extract_output(combine.merge_accumulators(accumulators))
    expected = sorted(seen, key=lambda user: 7 * user % 23)[:most]
    assert of_stream(sample).users == len(expected)


@pytest.mark.long
def test_the_made_up_shop_is_taken_apart_by_its_tastes() -> None:
    assert recovery(DiscoveryOptions()) > 0.9
