"""Samples of test users: as many as were asked for, the same in every run, and whole users."""

import hashlib

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from components.gate.test_sample import TakeSample, TestSample, is_sampled
from tests.trainer.recommendation.tiny_shop import example

USERS = 4_000
RECORDS = [example(user_id=[f"u{user}".encode()], row=[row]) for user in range(USERS) for row in range(2)]


def test_about_so_many_users_are_taken_with_all_of_their_examples() -> None:
    sample = TestSample(most=1_000, users=USERS)
    taken = [place // 2 for place, record in enumerate(RECORDS) if is_sampled(record, "user_id", sample.share)]
    counts = {user: taken.count(user) for user in set(taken)}
    assert set(counts.values()) == {2}
    # Four deviations of a binomial of so many.
    assert abs(len(counts) - 1_000) < 4 * (1_000 * 0.75) ** 0.5
    # The first of those that a hash has chosen before are no more likely than others.
    low = [user for user in range(USERS) if hashlib.sha256(f"u{user}".encode()).digest()[0] < 64]
    assert abs(sum(user in counts for user in low) / len(low) - 0.25) < 0.06


def test_a_larger_sample_has_all_of_a_smaller_one() -> None:
    small, large = ({r for r in RECORDS if is_sampled(r, "user_id", share)} for share in (0.1, 0.3))
    assert small < large


def test_where_there_are_no_more_users_all_are_taken() -> None:
    sample = TestSample(most=USERS, users=USERS)
    assert (sample.details(USERS), sample.notes(USERS)) == ({}, [])
    assert TestSample(most=5, users=0).share == 1.0
    with beam.Pipeline("BundleBasedDirectRunner") as pipeline:
        all_of_them = pipeline | beam.Create(RECORDS[:10]) | TakeSample(sample, "user_id")
        assert_that(all_of_them, equal_to(RECORDS[:10]))


def test_a_sample_is_told() -> None:
    sample = TestSample(most=20_000, users=69_293)
    assert sample.share == pytest.approx(0.28863, abs=1e-5)
    assert sample.details(20_013) == {"sampled": {"users": 20_013, "of": 69_293}}
    (note,) = sample.notes(20_013)
    assert note.startswith("20,013 of 69,293 test users were asked about")
