"""Learning in a shop whose kinds are a small part of what its text vectors tell."""

import numpy as np
import pytest

from trainer.clusters.fused_vectors import ProductParts
from trainer.clusters.learning.evidence import Evidence, category_labels, text_categories
from trainer.clusters.learning.held_out import hold_out
from trainer.clusters.learning.learned_vectors import CATEGORIES, NOTHING, TITLES, TOGETHER, learn_vectors
from trainer.clusters.learning.together import Occurrences
from trainer.clusters.options import ClusterCounts, ClusterOptions
from trainer.clusters.quality import purity
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids

KINDS, TEXTS = 6, 600
NO_BASKETS = Occurrences(np.zeros(0, np.int64), np.zeros(0, np.int64))
COUNTS = ClusterCounts(KINDS, KINDS)


class Shop:
    """Six kinds in eight of forty dimensions; the others are louder and say nothing of kinds."""

    def __init__(self, seed=0, loudness=0.5):
        random = np.random.default_rng(seed)
        self.kinds = random.integers(KINDS, size=TEXTS)
        self.noise = random.normal(0, loudness, (TEXTS, 32))
        self.signal = np.eye(8)[self.kinds] + random.normal(0, 0.15, (TEXTS, 8))
        vectors = np.concatenate([self.signal, self.noise], axis=1)
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.texts = [f"word{number % 97} item {number}" for number in range(TEXTS)]
        self.categories = [f"Shop > Aisle {kind // 3} > Kind {kind}" for kind in self.kinds]
        self.of_text = dict(zip(self.texts, range(TEXTS), strict=True))
        # Each basket holds texts of one kind.
        self.baskets = Occurrences(
            np.repeat(np.arange(1500), 4),
            np.concatenate([random.choice(np.flatnonzero(self.kinds == basket % KINDS), 4) for basket in range(1500)]),
        )

    def embed(self, texts):
        """Views keep the kind and change the rest."""
        random = np.random.default_rng(len(texts))
        rows = [next((row for text, row in self.of_text.items() if view in text), 0) for view in texts]
        return (self.vectors[rows] + random.normal(0, 0.02, (len(rows), 40))).astype(np.float32)

    def learn(self, categories=None, baskets=NO_BASKETS, parts=None, options=None):
        return learn_vectors(
            self.vectors,
            self.texts,
            np.arange(TEXTS),
            categories or [""] * TEXTS,
            lambda: baskets,
            parts or ProductParts(),
            self.embed,
            options or ClusterOptions(title_views=100),
            0,
        )

    def held_out_purity(self, vectors):
        judged = hold_out(self.texts).judged
        centroids, _ = fit_two_levels(vectors, np.ones(TEXTS), COUNTS, 0)
        return purity(self.kinds[judged].tolist(), nearest_centroids(vectors[judged], centroids))


@pytest.fixture(scope="module")
def shop():
    return Shop()


def test_categories_make_better_clusters_of_texts_whose_categories_nobody_told(shop):
    judged = hold_out(shop.texts)
    # What is held out is not looked at: other categories there change nothing of what is learned.
    told = ["Lies > All" if held else category for held, category in zip(judged.judged, shop.categories, strict=True)]
    learned = shop.learn(shop.categories)
    assert learned.learned_from == CATEGORIES
    assert learned.agreements["trained"] > learned.agreements["text"]
    projected = learned.projection.apply(shop.vectors)
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, rtol=1e-5)
    assert shop.held_out_purity(projected) > shop.held_out_purity(shop.vectors) + 0.1
    lied = shop.learn(told)
    # Numbers of categories may differ, which ones are the same does not.
    np.testing.assert_allclose(lied.projection.matrix, learned.projection.matrix, atol=1e-4)


def test_baskets_make_better_clusters_where_there_are_no_categories(shop):
    learned = shop.learn(baskets=shop.baskets)
    assert learned.learned_from == TOGETHER
    assert learned.agreements["trained"] > learned.agreements["text"]
    assert shop.held_out_purity(learned.projection.apply(shop.vectors)) > shop.held_out_purity(shop.vectors) + 0.1


def test_titles_alone_are_learned_from_without_a_judgement(shop):
    learned = shop.learn()
    assert (learned.learned_from, learned.agreements) == (TITLES, {})


def test_numbers_get_a_weight_only_where_they_help():
    shop = Shop(loudness=2.0)
    random = np.random.default_rng(0)
    telling = ProductParts(prices=np.exp(3.0 * shop.kinds), ratings=random.uniform(1, 5, TEXTS))
    learned = shop.learn(shop.categories, parts=telling)
    assert learned.fusion.price is not None
    assert learned.agreements["with_price"] > learned.agreements["trained"]
    assert (learned.fusion.rating is not None) == (learned.agreements["with_rating"] > learned.agreements["with_price"])
    off = ClusterOptions(title_views=100, price_weight=0.0, rating_weight=0.0)
    assert shop.learn(shop.categories, parts=telling, options=off).fusion.text_only


def test_learning_can_be_turned_off(shop):
    learned = shop.learn(shop.categories, options=ClusterOptions(learn=False))
    assert (learned.projection, learned.learned_from, learned.fusion.text_only) == (None, NOTHING, True)


@pytest.mark.parametrize("texts", [1, 2, 3, 12])
@pytest.mark.parametrize("known", [True, False])
def test_small_catalogues(texts, known):
    vectors = np.eye(12, dtype=np.float32)[:texts]
    categories = [f"Shop > {number % 3}" if known else "" for number in range(texts)]
    learned = learn_vectors(
        vectors,
        [f"text {number}" for number in range(texts)],
        np.arange(texts),
        categories,
        lambda: NO_BASKETS,
        ProductParts(),
        lambda views: np.ones((len(views), 12), np.float32),
        ClusterOptions(),
        0,
    )
    if learned.projection is not None:
        assert np.isfinite(learned.projection.apply(vectors)).all()


def test_agreement_by_hand():
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32)
    asked, among = np.array([True, False, True, False]), np.array([False, True, False, True])
    labels = np.array([[0, 0, 1, 1], [0, 0, 1, 2]], np.int32)
    assert Evidence(labels=labels).agreement(vectors, asked, among, 0) == 0.75
    together = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0]], np.float32)
    assert Evidence(together=together).agreement(vectors, asked, among, 0) == pytest.approx(0.3)
    assert Evidence().agreement(vectors, asked, among, 0) is None
    assert Evidence(labels=np.full((1, 4), -1, np.int32)).agreement(vectors, asked, among, 0) is None


def test_a_text_has_the_category_of_most_of_its_products():
    found = text_categories(["A > x", "B", "B", "", ""], np.array([0, 0, 0, 1, 2]), 3)
    assert found.tolist() == ["B", "", ""]
    labels = category_labels(["A > x", "A > y", "B > x", ""], np.arange(4), 4)
    assert [len(set(labels[0, :3].tolist())), len(set(labels[1, :3].tolist()))] == [2, 3]
    assert labels[:, 3].tolist() == [-1, -1]
    assert category_labels(["A", "", ""], np.arange(3), 3) is None
    assert category_labels(["A", "A", "A"], np.arange(3), 3) is None
