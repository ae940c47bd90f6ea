"""What a text's categories add to its vector, worked out by hand."""

import numpy as np

from trainer.search.index.category_vectors import CATEGORY_WEIGHT, categories_of_texts, with_categories

NAMES = {"Food": [1.0, 0.0, 0.0], "Tea": [0.0, 1.0, 0.0], "Pets": [0.0, 0.0, 1.0], "Cats & dogs": [0.6, 0.8, 0.0]}


def embed(names: list[str]) -> np.ndarray:
    assert len(set(names)) == len(names)
    return np.array([NAMES[name] for name in names], np.float32)


def test_levels_of_a_path_and_paths_of_a_text_count_alike() -> None:
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], np.float32)
    categories = [["Food > Tea"], ["Pets > Cats & dogs", "Food"], [], [" > "]]
    food, tea, pets, cats = (np.array(NAMES[name]) for name in NAMES)
    means = [(food + tea) / 2, ((pets + cats) / 2 + food) / 2, 0.0 * food, 0.0 * food]
    found = with_categories(vectors, categories, embed)
    np.testing.assert_allclose(found, vectors + CATEGORY_WEIGHT * np.stack(means), atol=1e-6)
    assert found.dtype == np.float32


def test_a_shop_without_categories_keeps_its_vectors() -> None:
    vectors = np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(with_categories(vectors, [[], [], []], embed), vectors)


def test_a_text_has_each_category_of_its_products_once() -> None:
    categories = ["Food", None, "Pets", "Food", "", "Food > Tea"]
    found = categories_of_texts(categories, np.array([0, 0, 0, 0, 1, 2]), 3)
    assert found == [["Food", "Pets"], [], ["Food > Tea"]]
