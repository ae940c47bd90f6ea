"""Held-out titles are the same ones whatever else is in the catalogue."""

import numpy as np

from trainer.clusters.learning.held_out import hold_out

TEXTS = [f"title {number}" for number in range(2000)]


def test_each_text_is_for_one_thing_and_a_tenth_for_judging():
    held = hold_out(TEXTS)
    np.testing.assert_array_equal(np.sum(held, axis=0), np.ones(len(TEXTS)))
    shares = [mask.mean() for mask in held]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.03)


def test_a_text_stays_for_what_it_is_for():
    held = hold_out(TEXTS)
    order = np.random.default_rng(0).permutation(len(TEXTS))[:500]
    again = hold_out([TEXTS[row] for row in order])
    for mask, other in zip(held, again, strict=True):
        np.testing.assert_array_equal(mask[order], other)


def test_no_text_is_no_split():
    assert [len(mask) for mask in hold_out([])] == [0, 0, 0]
    assert sum(mask.sum() for mask in hold_out(["", "\ud800"])) == 2
