"""What an update of a segmentation learns from."""

import numpy as np

from trainer.segmentation.examples import Replay


def test_an_update_learns_from_the_newest_moment_and_draws_from_earlier_ones() -> None:
    users = np.array([f"u{number}".encode() for number in range(2_000)], object)
    moments = np.repeat([300, 200, 100], len(users))
    every = np.tile(users, 3)
    chosen = Replay(0.1, seed=0).chosen(moments, every).reshape(3, -1)
    assert chosen[0].all()
    # Three standard errors of a share of a tenth.
    np.testing.assert_allclose(chosen[1:].mean(axis=1), 0.1, atol=3 * np.sqrt(0.09 / len(users)))
    assert not np.array_equal(chosen[1], chosen[2])
    # The next update draws others, and one that is repeated the same.
    later = Replay(0.1, seed=0).chosen(moments + 50, every).reshape(3, -1)
    assert 0 < (later[1] & chosen[1]).sum() < chosen[1].sum() / 2
    np.testing.assert_array_equal(Replay(0.1, seed=0).chosen(moments, every).reshape(3, -1), chosen)


def test_all_or_nothing_of_earlier_moments_may_be_replayed() -> None:
    users, moments = np.array([b"a", b"a", b"b"], object), np.array([2, 1, 1])
    assert Replay(1.0, seed=0).chosen(moments, users).all()
    assert Replay(0.0, seed=0).chosen(moments, users).tolist() == [True, False, False]
