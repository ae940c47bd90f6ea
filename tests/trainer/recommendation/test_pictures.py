"""Pictures in the item tower: where they come from, and that they go where they do not help."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.pictures.encoding import PICTURE_VECTORS_SCHEMA
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.options import TowerOptions
from trainer.recommendation.pictures import product_looks, weigh_pictures
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import build_towers, load_towers, save_towers

PRODUCTS = 12


@pytest.fixture
def items():
    looks = np.random.default_rng(0).normal(size=(PRODUCTS, 3)).astype(np.float32)
    looks[4] = 0.0
    return ItemFeatures(
        product_index=np.arange(PRODUCTS, dtype=np.int32),
        number_names=("popularity",),
        numbers=np.zeros((PRODUCTS, 1), np.float32),
        categories=np.zeros((PRODUCTS, 0), np.int32),
        looks=looks,
    )


@pytest.fixture
def towers(items):
    return build_towers(TowerOptions(dimensions=8, layers=1, heads=2, history=4, id_embedding=True), items, 1)


def test_looks_add_their_projection_alone_and_nothing_without_a_picture(items, towers):
    kernel = towers.item_tower.picture_projection.kernel.numpy()
    with_pictures = item_vectors(towers, items)
    without = item_vectors(towers._replace(looks=np.zeros_like(items.looks)), items)
    np.testing.assert_allclose(with_pictures - without, items.looks @ kernel, atol=1e-6)


def test_towers_keep_the_looks_that_they_were_trained_with(items, towers, tmp_path):
    save_towers(towers, str(tmp_path))
    loaded = load_towers(str(tmp_path))
    np.testing.assert_array_equal(loaded.looks, items.looks)
    unlooked = dataclasses.replace(items, looks=None)
    np.testing.assert_allclose(item_vectors(loaded, unlooked), item_vectors(towers, items), atol=1e-6)
    save_keras(towers.item_tower, str(tmp_path / "again.keras"))
    assert load_keras(str(tmp_path / "again.keras")).picture_dimensions == 3


def test_looks_are_those_of_the_pictures_that_the_catalogue_names(tmp_path):
    vectors = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32)
    table = pa.table([["x", "y"], [["a.png", "b.png"], ["c.png"]], list(vectors)], schema=PICTURE_VECTORS_SCHEMA)
    pq.write_table(table, tmp_path / "vectors-0.parquet")
    pq.write_table(pa.table({"image": ["c.png", None, "b.png", "gone.png", "a.png"]}), tmp_path / "catalogue.parquet")
    looks = product_looks(str(tmp_path), str(tmp_path), seed=0)
    known = [0, 2, 4]
    np.testing.assert_allclose(np.linalg.norm(looks[known], axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(looks[[1, 3]], 0.0)
    np.testing.assert_array_equal(looks[2], looks[4])
    assert product_looks(str(tmp_path), None, seed=0) is None


def one_event_each(wanted):
    """Users of whom each touched a product of its own number, and then the wanted one."""
    zeros, ends = np.zeros(PRODUCTS, np.int64), np.arange(PRODUCTS + 1)
    return JudgedUsers(
        user_ids=[b"u%d" % number for number in range(PRODUCTS)],
        history_offsets=ends,
        history_index=np.arange(PRODUCTS, dtype=np.int32),
        history_type=zeros.astype(np.int32),
        history_time=zeros,
        query_time=zeros,
        target_offsets=ends,
        target_index=wanted.astype(np.int32),
        window=zeros.astype(np.int32),
        attributes={},
    )


def test_pictures_that_do_not_help_are_left_out(items, towers):
    """Each user bought a product and then one that looks like it, or one that does not."""
    order = np.argsort(-(items.looks @ items.looks.T), axis=1)
    near, far = order[:, 1], order[:, -1]
    for wanted in (near, far):
        users = one_event_each(wanted)
        kernel = towers.item_tower.picture_projection.kernel.numpy()
        found = weigh_pictures(towers, items, users)
        after = towers.item_tower.picture_projection.kernel.numpy()
        assert found["used"] == (found["with"] > found["without"])
        np.testing.assert_array_equal(after, kernel if found["used"] else np.zeros_like(kernel))
