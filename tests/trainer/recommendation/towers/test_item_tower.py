"""The item tower: shapes, what may be absent, and the same after a round trip."""

import dataclasses

import keras
import numpy as np
import pytest

from trainer.recommendation.options import TowerOptions
from trainer.recommendation.towers.item_features import POPULARITY, ItemFeatures
from trainer.recommendation.towers.item_tower import PRODUCT_INDEX, ItemTower
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import build_towers, load_towers, save_towers


def features(text: bool = True, categories: int = 2, products: int = 11) -> ItemFeatures:
    generator = np.random.default_rng(2)
    return ItemFeatures(
        product_index=np.arange(products, dtype=np.int32),
        number_names=("price", POPULARITY, "rating"),
        numbers=generator.normal(size=(products, 3)).astype(np.float32),
        categories=generator.integers(0, 4, (products, categories)).astype(np.int32),
        text_vectors=generator.normal(size=(products, 5)).astype(np.float32) if text else None,
    )


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("categories", [0, 2])
@pytest.mark.parametrize("id_embedding", [True, False])
def test_every_product_gets_a_vector(text: bool, categories: int, id_embedding: bool) -> None:
    items = features(text, categories)
    towers = build_towers(TowerOptions(dimensions=8, id_embedding=id_embedding), items, 1)
    vectors = item_vectors(towers, items)
    assert vectors.shape == (11, 8)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    whole = {name: value for name, value in items.inputs().items() if name != PRODUCT_INDEX}
    np.testing.assert_allclose(np.asarray(towers.item_tower(whole)), vectors, atol=1e-6)


def test_slices_give_the_same_vectors() -> None:
    items = features()
    linear = np.random.default_rng(1).normal(size=(11, 3)).astype(np.float32)
    towers = build_towers(TowerOptions(dimensions=8), items, 1)._replace(linear_vectors=linear)
    whole = item_vectors(towers, items)
    np.testing.assert_array_equal(whole[:, 8:], linear)
    parts = [item_vectors(towers, items.rows(start, start + 4), batch_size=3) for start in range(0, 11, 4)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_without_an_id_embedding_equal_features_are_equal_vectors() -> None:
    items = features()
    items.numbers[1], items.categories[1], items.text_vectors[1] = (
        items.numbers[0],
        items.categories[0],
        items.text_vectors[0],
    )
    for id_embedding in (False, True):
        towers = build_towers(TowerOptions(dimensions=8, id_embedding=id_embedding), items, 1)
        vectors = item_vectors(towers, items)
        assert np.allclose(vectors[0], vectors[1], atol=1e-6) != id_embedding


def test_towers_survive_saving(tmp_path) -> None:
    items = features()
    linear = np.random.default_rng(1).normal(size=(11, 3)).astype(np.float32)
    towers = build_towers(TowerOptions(dimensions=8, history=4), items, 2)._replace(linear_vectors=linear)
    assert ItemTower.from_config(towers.item_tower.get_config()).get_config() == towers.item_tower.get_config()
    save_towers(towers, str(tmp_path / "model"))
    loaded = load_towers(str(tmp_path / "model"))
    assert loaded.text_encoder is None
    assert loaded.user_tower.tower_history == 4
    np.testing.assert_allclose(item_vectors(loaded, items), item_vectors(towers, items), atol=1e-6)


def test_a_missing_tower_is_named(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"item_tower\.keras should be a trained model's file"):
        load_towers(str(tmp_path))


def test_a_broken_file_is_named(tmp_path) -> None:
    (tmp_path / "item_tower.keras").write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"item_tower\.keras should be a Keras file"):
        load_towers(str(tmp_path))


def test_features_of_different_lengths_are_refused() -> None:
    items = features()
    with pytest.raises(ValueError, match="`numbers` should have shape"):
        dataclasses.replace(items, numbers=items.numbers[:3])


def test_a_missing_text_vector_is_named() -> None:
    items = features()
    tower = build_towers(TowerOptions(dimensions=8), items, 1).item_tower
    with pytest.raises(ValueError, match="`text_vector` should be among the inputs"):
        tower({name: value for name, value in items.inputs().items() if name != "text_vector"})


def test_the_tower_is_a_registered_keras_object() -> None:
    assert keras.saving.get_registered_object("shelfwise>ItemTower") is ItemTower


@pytest.mark.parametrize("names", [("price", "rating"), ("price", "rating", "stars")])
def test_numbers_without_a_name_or_without_the_popularity_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`number_names` should name each of the 3 columns"):
        dataclasses.replace(features(), number_names=names)


def test_before_training_numbers_say_nothing() -> None:
    items = features()
    tower = build_towers(TowerOptions(dimensions=8), items, 1).item_tower
    changed = dataclasses.replace(items, numbers=items.numbers + 5.0)
    np.testing.assert_allclose(tower(changed.inputs()), tower(items.inputs()), atol=1e-6)
