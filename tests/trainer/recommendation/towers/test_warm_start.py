"""What earlier towers knew, by id and by name, in a catalogue whose rows and categories have other numbers."""

import json
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.trainer.recommendation.tiny_shop import KINDS, PRODUCTS, TinyShop, write_tiny_shop
from trainer.fitting.training_request import EarlierTraining
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.options import TowerOptions
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import Towers, build_towers, load_towers, save_towers
from trainer.recommendation.towers.warm_start import take_over, with_products

OPTIONS = TowerOptions(dimensions=8, layers=1, heads=2, history=12)
GONE, NEW = "p05", "a new one"
# Numbers of the categories now, by those before: another order, and one more in front of them.
MOVED = {1: 4, 2: 3, 3: 5, 4: 2}
NEW_KIND = 1


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyShop, EarlierTraining]:
    folder = tmp_path_factory.mktemp("before")
    shop = write_tiny_shop(folder, users=4)
    keras.utils.set_random_seed(1)
    towers = build_towers(OPTIONS, load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors)), 2)
    for variable in (*towers.item_tower.trainable_variables, *towers.user_tower.trainable_variables):
        variable.assign(np.random.default_rng(variable.shape[0]).normal(size=variable.shape))
    save_towers(towers, str(folder / "model"))
    return shop, EarlierTraining(
        model_uri=str(folder / "model"),
        catalogue_uri=str(shop.catalogue),
        transformed_products_uri=str(shop.transformed),
    )


def changed_shop(folder: Path, shop: TinyShop) -> Path:
    """Writes the catalogue without a product and with a new one, and an event type more."""
    table = pq.read_table(shop.catalogue / "catalogue.parquet")
    kept = table.filter(pc.not_equal(table["product_id"], GONE))
    added = table.slice(0, 1).set_column(0, "product_id", pa.array([NEW]))
    pq.write_table(pa.concat_tables([added, kept]), folder / "catalogue.parquet")
    statistics = pq.read_table(shop.catalogue / "product_statistics.parquet")
    pq.write_table(statistics, folder / "product_statistics.parquet")
    facts = json.loads((shop.catalogue / "catalogue.json").read_text())
    (folder / "catalogue.json").write_text(json.dumps({**facts, "event_types": ["view", "cart", "purchase"]}))
    return folder


def changed_items(shop: TinyShop) -> ItemFeatures:
    old = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    rows = [0, *(row for row in range(PRODUCTS) if row != int(GONE[1:]))]
    categories = np.vectorize(MOVED.get)(old.categories[rows])
    categories[0] = NEW_KIND
    vectors = old.text_vectors[rows]
    # Nearest to bread.
    vectors[0] = old.text_vectors[1] + old.text_vectors[9]
    return ItemFeatures(
        product_index=np.arange(len(rows), dtype=np.int32),
        number_names=(*old.number_names, "rating_xf"),
        numbers=np.column_stack([old.numbers[rows], np.ones(len(rows))]).astype(np.float32),
        categories=categories.astype(np.int32),
        text_vectors=vectors,
    )


@pytest.fixture(scope="module")
def taken(before: tuple[TinyShop, EarlierTraining], tmp_path_factory: pytest.TempPathFactory) -> tuple[Towers, Towers]:
    shop, earlier = before
    items = changed_items(shop)
    towers = build_towers(OPTIONS, items, 3)
    found = take_over(towers, items, str(changed_shop(tmp_path_factory.mktemp("now"), shop)), earlier)
    assert found._asdict() == {"known": PRODUCTS - 1, "new": 1, "gone": 1}
    return load_towers(earlier.model_uri), towers


def test_a_product_keeps_its_row_and_a_new_one_is_like_those_with_near_texts(
    before: tuple[TinyShop, EarlierTraining], taken: tuple[Towers, Towers]
) -> None:
    old, new = (np.asarray(each.item_tower.product_embedding.embeddings) for each in taken)
    rows = [row for row in range(PRODUCTS) if row != int(GONE[1:])]
    np.testing.assert_array_equal(new[1:], old[rows])
    items = changed_items(before[0])
    likeness = items.text_vectors[1:] @ items.text_vectors[0]
    nearest = sorted(range(len(rows)), key=lambda row: -likeness[row])[:10]
    np.testing.assert_allclose(new[0], np.mean([old[rows[row]] for row in nearest], axis=0), atol=1e-6)


def test_a_category_keeps_its_row_whatever_its_number_is_now(taken: tuple[Towers, Towers]) -> None:
    old, new = (np.asarray(each.item_tower.category_embeddings[0].embeddings) for each in taken)
    for before_number, number in {0: 0, **MOVED}.items():
        np.testing.assert_array_equal(new[number], old[before_number])
    np.testing.assert_allclose(new[NEW_KIND], old.mean(axis=0), atol=1e-6)
    assert len(old) == 1 + len(KINDS)


def test_numbers_and_event_types_find_each_other_by_name_and_all_else_is_the_same(taken: tuple[Towers, Towers]) -> None:
    old, new = (np.asarray(each.item_tower.number_projection.layers[0].kernel) for each in taken)
    np.testing.assert_array_equal(new[:2], old)
    assert not new[2].any()
    old_types, types = (np.asarray(each.user_tower.type_embedding.embeddings) for each in taken)
    np.testing.assert_array_equal(types[[0, 2]], old_types)
    np.testing.assert_allclose(types[1], old_types.mean(axis=0), atol=1e-6)
    history = [
        np.ones((1, 3, 8), np.float32),
        np.zeros((1, 3), np.int32),
        np.ones((1, 3), np.float32),
        np.ones((1, 3), bool),
    ]
    np.testing.assert_allclose(*(each.user_tower(*history).numpy() for each in taken), atol=1e-6)


def test_towers_of_another_shape_are_refused(before: tuple[TinyShop, EarlierTraining], tmp_path: Path) -> None:
    shop, earlier = before
    items = changed_items(shop)
    towers = build_towers(OPTIONS.model_copy(update={"dimensions": 16}), items, 3)
    with pytest.raises(
        ValueError, match=r"`item_tower.dimensions` is 16 .* 8 in the earlier model: run `shelfwise run`"
    ):
        take_over(towers, items, str(changed_shop(tmp_path, shop)), earlier)


def test_trained_towers_read_a_new_product_without_training_and_the_others_as_before(
    before: tuple[TinyShop, EarlierTraining],
) -> None:
    shop, earlier = before
    linear = np.random.default_rng(1).normal(size=(PRODUCTS, 3)).astype(np.float32)
    towers = load_towers(earlier.model_uri)._replace(linear_vectors=linear)
    old_items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    # In front of all: of a kind that no product had, and nearest to bread.
    rows = [0, *range(PRODUCTS)]
    numbers, categories, vectors = (
        each[rows] for each in (old_items.numbers, old_items.categories, old_items.text_vectors)
    )
    categories[0], vectors[0] = 9, old_items.text_vectors[1] + old_items.text_vectors[9]
    items = ItemFeatures(
        product_index=np.arange(len(rows), dtype=np.int32),
        number_names=old_items.number_names,
        numbers=numbers,
        categories=categories,
        text_vectors=vectors,
    )
    grown = with_products(towers, items, np.array([-1, *range(PRODUCTS)]))
    found = item_vectors(grown, items)
    np.testing.assert_allclose(found[1:], item_vectors(towers, old_items), atol=1e-5)
    # By hand: the parts of the vector, with the mean row of the ten with the nearest texts.
    near = np.argsort(-(old_items.text_vectors @ vectors[0]))[:10]
    tower = towers.item_tower
    row = np.asarray(tower.product_embedding.embeddings)[near].mean(axis=0)
    kind = np.asarray(tower.category_embeddings[0].embeddings)[0]
    parts = tower.number_projection(numbers[:1])[0] + tower.text_projection(vectors[:1])[0] + kind + row
    np.testing.assert_allclose(found[0], np.concatenate([parts, linear[near].mean(axis=0)]), atol=1e-5)
