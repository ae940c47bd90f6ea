"""Reading artifacts: joins by id and text, windows, judged users."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.trainer.recommendation.tiny_shop import PRODUCTS, TinyShop, example, write_tiny_shop
from trainer.recommendation.catalogue_items import load_items, standardised_log
from trainer.recommendation.judged_users import load_judged_users, parse_judged_users
from trainer.recommendation.towers.item_features import POPULARITY
from trainer.recommendation.training_windows import count_windows, parse_windows, window_batches


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> TinyShop:
    return write_tiny_shop(tmp_path_factory.mktemp("shop"), users=10)


def test_features_come_in_catalogue_order(shop: TinyShop) -> None:
    items = load_items(str(shop.catalogue), str(shop.transformed), str(shop.vectors))
    assert len(items) == PRODUCTS
    # The transformed products are written in reverse; their price is their index.
    np.testing.assert_array_equal(items.numbers[:, 0], np.arange(PRODUCTS))
    np.testing.assert_array_equal(items.categories[:, 0], 1 + np.arange(PRODUCTS) % 4)
    assert items.number_names == ("price_xf", POPULARITY)
    logs = np.log1p(10.0 + np.arange(PRODUCTS))
    np.testing.assert_allclose(
        items.numbers[:, items.number_names.index(POPULARITY)], (logs - logs.mean()) / logs.std(), rtol=1e-5
    )
    table = pq.read_table(shop.vectors).to_pylist()
    by_text = {row["text"]: row["vector"] for row in table}
    texts = pq.read_table(shop.catalogue / "catalogue.parquet").column("text").to_pylist()
    np.testing.assert_allclose(items.text_vectors, [by_text[text] for text in texts])


def test_without_products_there_are_popularity_and_ids(shop: TinyShop) -> None:
    items = load_items(str(shop.catalogue))
    assert items.numbers.shape == (PRODUCTS, 1)
    assert items.number_names == (POPULARITY,)
    assert items.categories.shape == (PRODUCTS, 0)
    assert items.text_vectors is None
    assert "text_vector" not in items.inputs()


def test_equal_popularity_is_zero() -> None:
    assert (standardised_log(np.array([3.0, 3.0])) == 0.0).all()


def test_a_text_without_vector_is_named(shop: TinyShop, tmp_path: Path) -> None:
    table = pq.read_table(shop.vectors)
    pq.write_table(table.slice(1), tmp_path / "vectors-0.parquet")
    with pytest.raises(ValueError, match="There is none for "):
        load_items(str(shop.catalogue), None, str(tmp_path))


def test_an_empty_artifact_is_named(shop: TinyShop, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="should name Parquet files"):
        load_items(str(shop.catalogue), None, str(tmp_path))
    with pytest.raises(ValueError, match="should name Parquet files"):
        load_items(str(shop.catalogue), str(tmp_path))


def test_windows_are_padded_at_the_end() -> None:
    records = [
        example(
            history_index=[4, 5, 6], history_type=[0, 1, 1], gap_seconds=[1.0, 0.0, 5.0],
            query_position=[0, 2, 2], target_index=[5, 7, 8], target_weight=[1.0, 0.5, 2.0],
        ),
        example(
            history_index=[9], history_type=[1], gap_seconds=[3.0],
            query_position=[0], target_index=[1], target_weight=[1.0],
        ),
    ]  # fmt: skip
    windows = {name: value.numpy() for name, value in parse_windows(tf.constant(records)).items()}
    np.testing.assert_array_equal(windows["history_index"], [[4, 5, 6], [9, 0, 0]])
    np.testing.assert_array_equal(windows["history_type"], [[0, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(windows["history_length"], [3, 1])
    np.testing.assert_array_equal(windows["gap_seconds"], [[1, 0, 5], [3, 0, 0]])
    np.testing.assert_array_equal(windows["query_position"], [[0, 2, 2], [0, 0, 0]])
    np.testing.assert_array_equal(windows["target_index"], [[5, 7, 8], [1, 0, 0]])
    np.testing.assert_array_equal(windows["target_weight"], [[1, 0.5, 2], [1, 0, 0]])


def test_counting_sees_every_pair_once(shop: TinyShop) -> None:
    counts = count_windows(str(shop.examples), PRODUCTS)
    assert (counts.windows, counts.pairs, counts.longest) == (10, 110, 11)
    assert counts.targets.sum() == 110


def test_a_product_outside_the_catalogue_is_named(shop: TinyShop) -> None:
    with pytest.raises(ValueError, match="a catalogue of 3 products"):
        count_windows(str(shop.examples), 3)


def test_nothing_to_learn_from_is_said(shop: TinyShop, tmp_path: Path) -> None:
    empty = example(history_index=[], history_type=[])
    (tmp_path / "Split-train").mkdir()
    with tf.io.TFRecordWriter(str(tmp_path / "Split-train" / "data.gz"), "GZIP") as writer:
        writer.write(empty)
    with pytest.raises(ValueError, match="a next product to learn from"):
        count_windows(str(tmp_path), 3)


def test_a_pass_sees_each_window_once_and_shuffles_by_the_seed(shop: TinyShop) -> None:
    def order(seed: int, epoch: int = 0, first: int = 0) -> list[tuple[int, ...]]:
        batches = window_batches(str(shop.examples), 4, seed)(epoch, first)
        return [tuple(row) for batch in batches.as_numpy_iterator() for row in batch["history_index"]]

    first, again, other = order(1), order(1), order(2)
    assert first == again != other
    assert sorted(first) == sorted(other)
    assert len(first) == 10
    assert order(1, epoch=1) != first
    # What was learned from is left out where a training goes on.
    assert order(1, epoch=0, first=2) == first[8:]


def test_judged_users_come_sorted_and_slice(shop: TinyShop) -> None:
    users = load_judged_users(str(shop.examples), "eval")
    assert users.user_ids == sorted(users.user_ids)
    assert len(users) == 10
    assert users.attributes["income"] == ["low", "high"] * 5
    part = users.rows(3, 5)
    assert part.user_ids == users.user_ids[3:5]
    for row in range(2):
        np.testing.assert_array_equal(part.targets(row), users.targets(3 + row))
        np.testing.assert_array_equal(
            part.history_index[part.history(row)], users.history_index[users.history(3 + row)]
        )


def test_a_user_without_history_or_attribute_is_kept() -> None:
    cold = example(user_id=[b"\xff cold"], query_time=[5], target_index=[1, 2])
    warm = example(
        user_id=[b"a"], history_index=[3], history_type=[0], history_time=[1], query_time=[6], target_index=[0],
        attribute_income=["高".encode()],
    )  # fmt: skip
    users = parse_judged_users([cold, warm])
    assert users.user_ids == [b"\xff cold", b"a"]
    np.testing.assert_array_equal(users.history_offsets, [0, 0, 1])
    assert users.attributes == {"income": [None, "高"]}
    assert len(parse_judged_users([])) == 0


def test_a_missing_split_is_named(shop: TinyShop, tmp_path: Path) -> None:
    shutil.copytree(shop.examples / "Split-train", tmp_path / "Split-train")
    with pytest.raises(ValueError, match="split `eval`"):
        load_judged_users(str(tmp_path), "eval")


def test_vectors_in_several_files_are_joined(shop: TinyShop, tmp_path: Path) -> None:
    table = pq.read_table(shop.vectors)
    pq.write_table(table.slice(0, 3), tmp_path / "vectors-0.parquet")
    pq.write_table(pa.Table.from_batches(table.slice(3).to_batches()), tmp_path / "vectors-1.parquet")
    whole = load_items(str(shop.catalogue), None, str(shop.vectors)).text_vectors
    np.testing.assert_array_equal(load_items(str(shop.catalogue), None, str(tmp_path)).text_vectors, whole)
