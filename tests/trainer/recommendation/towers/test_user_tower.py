"""The user tower: causal, blind to padding, and the same after a round trip."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.recommendation.towers.user_tower import UserTower

WIDTH = 8
DIMENSIONS = 8


@pytest.fixture(scope="module")
def tower() -> UserTower:
    keras.utils.set_random_seed(3)
    built = UserTower(dimensions=DIMENSIONS, event_types=3, tower_history=WIDTH, layers=2, heads=2, dropout=0.1)
    built(*events(1, WIDTH, 0))
    # A fresh tower reads little of types and gaps; any weights will do to make every part count.
    generator = np.random.default_rng(4)
    for variable in built.trainable_variables:
        variable.assign(generator.normal(size=variable.shape, scale=0.3))
    return built


def events(rows: int, width: int, seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(rows, width, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    types = generator.integers(0, 3, (rows, width)).astype(np.int32)
    gaps = generator.exponential(1e5, (rows, width)).astype(np.float32)
    return [vectors, types, gaps, np.ones((rows, width), bool)]


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(1, WIDTH - 1), seed=st.integers(0, 1000))
def test_later_events_do_not_change_earlier_vectors(tower: UserTower, cut: int, seed: int) -> None:
    first, other = events(2, WIDTH, seed), events(2, WIDTH, seed + 1)
    mixed = [np.concatenate([a[:, :cut], b[:, cut:]], axis=1) for a, b in zip(first, other, strict=True)]
    np.testing.assert_allclose(np.asarray(tower(*first))[:, :cut], np.asarray(tower(*mixed))[:, :cut], atol=1e-5)


def test_an_event_changes_its_own_vector_and_later_ones(tower: UserTower) -> None:
    first = events(1, WIDTH, 1)
    for column, changed in ((0, -first[0][:, 3]), (1, (first[1][:, 3] + 1) % 3), (2, first[2][:, 3] + 1e6)):
        inputs = [array.copy() for array in first]
        inputs[column][:, 3] = changed
        difference = np.abs(np.asarray(tower(*inputs)) - np.asarray(tower(*first))).max(axis=-1)[0]
        assert (difference[:3] < 1e-5).all()
        assert (difference[3:] > 1e-6).all()


@settings(max_examples=10, deadline=None)
@given(lengths=st.lists(st.integers(1, WIDTH), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_padding_changes_nothing(tower: UserTower, lengths: list[int], seed: int) -> None:
    batch = events(len(lengths), WIDTH, seed)
    batch[3] = np.arange(WIDTH) < np.array(lengths)[:, None]
    together = np.asarray(tower(*batch))
    for row, length in enumerate(lengths):
        alone = np.asarray(tower(*(array[row : row + 1, :length] for array in batch)))
        np.testing.assert_allclose(together[row, :length], alone[0], atol=1e-5)


def test_vectors_are_finite(tower: UserTower) -> None:
    inputs = events(3, WIDTH, 5)
    inputs[3][1] = False
    inputs[2][0, 0] = -5.0
    vectors = np.asarray(tower(*inputs))
    assert vectors.shape == (3, WIDTH, DIMENSIONS)
    assert np.isfinite(vectors).all()


def test_config_and_weights_survive_saving(tower: UserTower, tmp_path) -> None:
    assert UserTower.from_config(tower.get_config()).get_config() == tower.get_config()
    tower.save(tmp_path / "tower.keras")
    loaded = keras.models.load_model(tmp_path / "tower.keras")
    inputs = events(4, WIDTH, 9)
    np.testing.assert_allclose(np.asarray(loaded(*inputs)), np.asarray(tower(*inputs)), atol=1e-6)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="`heads` should divide `dimensions`"):
        UserTower(dimensions=8, event_types=1, tower_history=4, heads=3)
