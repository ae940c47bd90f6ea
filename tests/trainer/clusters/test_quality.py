"""The quality of clusters against values worked out by hand and a shop whose answer is known."""

import itertools
import json
import math

import numpy as np
import pytest

from trainer.artifacts.catalogue import distinct_texts
from trainer.clusters.fused_vectors import ProductParts
from trainer.clusters.latent_semantic_vectors import latent_semantic_vectors
from trainer.clusters.options import ClusterCounts, ClusterOptions
from trainer.clusters.products import cluster_products
from trainer.clusters.quality import JudgedProducts, _silhouette, measure_clusters, purity
from trainer.clusters.stability import cluster_stability
from trainer.clusters.two_level_kmeans import fit_two_levels, nearest_centroids

KINDS = ["green tea", "black tea", "floor lamp", "desk lamp"]
CATEGORIES = ["Food > Tea > Green", "Food > Tea > Black", "Home > Lamps > Floor", "Home > Lamps > Desk"]
OPTIONS = ClusterOptions(top_clusters=2, sub_clusters=2)


def _measure(clusters, vectors, texts, judged, **others):
    text_of_product, _ = distinct_texts(texts)
    of_texts = vectors[np.unique(text_of_product, return_index=True)[1]]
    return measure_clusters(clusters, of_texts, judged, text_of_product=text_of_product, **others)


def _cluster(vectors, texts, options, seed):
    text_of_product, distinct = distinct_texts(texts)
    of_texts = vectors[np.unique(text_of_product, return_index=True)[1]]
    return cluster_products(of_texts, distinct, text_of_product, options, seed)


def _judged(vectors, texts, categories, **others):
    return JudgedProducts(
        vectors=vectors, texts=texts, categories=categories, whole_vectors=vectors, whole_texts=texts, **others
    )


def _shop(each=20):
    kinds = np.tile(np.arange(4), each)
    centres = np.array([[10, 1, 0], [10, -1, 0], [-10, 0, 1], [-10, 0, -1]])
    vectors = centres[kinds] + np.random.default_rng(0).normal(0, 0.01, (len(kinds), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"{KINDS[kind]} {number // 4}" for number, kind in enumerate(kinds)]
    return vectors.astype(np.float32), texts, [CATEGORIES[kind] for kind in kinds], kinds


def test_measures_of_a_shop_that_is_clustered_as_its_categories():
    vectors, texts, categories, kinds = _shop()
    clusters = _cluster(vectors, texts, OPTIONS, seed=0)
    parts = ProductParts(prices=np.exp(kinds.astype(float)), images=np.full((len(kinds), 2), np.nan))
    judged = _judged(vectors, texts, categories, parts=parts)
    measured = _measure(clusters, vectors, texts, judged, options=OPTIONS, seed=1, resamples=3)
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert measured == _measure(clusters, vectors, texts, judged, options=OPTIONS, seed=1, resamples=3)
    assert measured["clusters"]["median_leaf_products"] == 20
    assert measured["clusters"]["largest_leaf_share"] == 0.25
    assert measured["judged_products"] == 80
    assert set(measured["systems"]) == {"text", "tfidf", "text_and_price_and_rating", "catalogue"}
    assert set(measured["whole_texts"]) == {"text", "tfidf"}
    assert measured["whole_texts"]["text"]["leaf"]["purity_full_path"] == 1
    top, leaf = measured["systems"]["text"]["top"], measured["systems"]["text"]["leaf"]
    assert (top["clusters"], leaf["clusters"]) == (2, 4)
    for numbers, category in ((top, "top_level"), (leaf, "full_path")):
        assert numbers[f"normalized_mutual_information_{category}"] == pytest.approx(1)
        assert numbers[f"adjusted_rand_index_{category}"] == pytest.approx(1)
        assert numbers[f"purity_{category}"] == 1
        assert numbers["stability_adjusted_rand_index"] == pytest.approx({"mean": 1, "low": 1, "high": 1})
    # The leaves are a bit of entropy apart from the tops: 2 * ln 2 / (ln 2 + ln 4).
    assert leaf["normalized_mutual_information_top_level"] == pytest.approx(2 / 3)
    # Each top cluster holds two paths of equal size.
    assert top["purity_full_path"] == 0.5
    # Of 3160 pairs, leaves join 760 and categories 1560, all of those 760 among them.
    expected = 760 * 1560 / 3160
    assert leaf["adjusted_rand_index_top_level"] == pytest.approx((760 - expected) / ((760 + 1560) / 2 - expected))
    assert leaf["silhouette"] == leaf["silhouette_text"] > 0.9


def test_purity_by_hand():
    assert purity(["a", "a", "b", "b", "c"], np.array([0, 0, 0, 1, 1])) == pytest.approx((2 + 1) / 5)


def test_silhouette_by_hand():
    angles = np.array([0.0, 0.3, 1.4])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    near, far, other = (1 - math.cos(angle) for angle in (0.3, 1.4, 1.1))
    # The widths of the first two; a cluster of one product has 0 by definition. The repeated vector counts once.
    widths = [(far - near) / far, (other - near) / other, 0]
    repeated = vectors[[0, 1, 2, 2, 2]]
    assert _silhouette(repeated, np.array([0, 0, 1, 1, 1])) == pytest.approx(np.mean(widths), rel=1e-4)
    assert _silhouette(vectors, np.array([0, 0, 0])) is None
    assert _silhouette(vectors, np.array([0, 1, 2])) is None


def test_stability_is_low_where_there_are_no_clusters():
    vectors, _, _, _ = _shop(50)
    noise = np.random.default_rng(1).normal(size=(200, 10)).astype(np.float32)
    counts, means = ClusterCounts(2, 4), []
    for rows in (vectors, noise):
        centroids, parents = fit_two_levels(rows, np.ones(len(rows)), counts, 0)
        leaves = nearest_centroids(rows, centroids)
        top, leaf = cluster_stability(rows, leaves, parents, counts, seed=0, resamples=4)
        assert leaf.low <= leaf.mean <= leaf.high
        means.append((top.mean, leaf.mean))
    assert means[0] == pytest.approx((1, 1))
    assert max(means[1]) < 0.6


@pytest.mark.parametrize("texts", [["tea"], ["", "12"], ["tea", "tea", "tea"]])
def test_degenerate_products_have_numbers_or_none(texts):
    vectors = np.ones((len(texts), 2), np.float32)
    clusters = _cluster(vectors, texts, ClusterOptions(), seed=0)
    judged = _judged(vectors, texts, [""] * len(texts))
    measured = _measure(clusters, vectors, texts, judged, options=ClusterOptions(), seed=0, resamples=2)
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert measured["systems"]["text"]["top"]["normalized_mutual_information_top_level"] is None
    assert measured["clusters"]["leaf"]["silhouette"] is None


def test_latent_semantic_vectors_keep_the_cosines_of_tfidf():
    texts = ["green tea", "black tea tea", "lamp", ""]
    # tf-idf by hand: idf = ln((1 + texts) / (1 + texts with the word)) + 1, tf = 1 + ln(count).
    once, twice = math.log(5 / 2) + 1, math.log(5 / 3) + 1
    often = twice * (1 + math.log(2))
    cosine = twice * often / (math.hypot(once, twice) * math.hypot(once, often))
    exact = latent_semantic_vectors(texts, seed=0)
    expected = np.array([[1, cosine, 0, 0], [cosine, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(exact @ exact.T, expected, atol=1e-6)


def test_many_words_are_reduced_to_a_hundred_dimensions():
    # Three kinds of texts over 180 words, of which two kinds share 30: a decomposition loses nothing of their ranks.
    kinds = [set(range(60)), set(range(30, 90)), set(range(90, 180))]
    words = ["".join(letters) + "o" for letters in itertools.product("bcdfghjklmnpqr", repeat=2)]
    texts = [" ".join(words[word] for word in sorted(kind)) for kind in kinds for _ in range(50)]
    reduced = latent_semantic_vectors(texts, seed=0)
    assert reduced.shape == (150, 100)
    rarity = {word: math.log(151 / (50 * sum(word in kind for kind in kinds) + 1)) + 1 for word in range(180)}
    lengths = [math.sqrt(sum(rarity[word] ** 2 for word in kind)) for kind in kinds]
    cosine = sum(rarity[word] ** 2 for word in kinds[0] & kinds[1]) / (lengths[0] * lengths[1])
    expected = np.array([[1, cosine, 0], [cosine, 1, 0], [0, 0, 1]]).repeat(50, axis=0).repeat(50, axis=1)
    np.testing.assert_allclose(reduced @ reduced.T, expected, atol=1e-5)


def test_samples_are_as_large_as_asked_for():
    vectors, texts, categories, _ = _shop()
    clusters = _cluster(vectors, texts, OPTIONS, seed=0)
    judged = _judged(vectors, texts, categories)
    measured = _measure(clusters, vectors, texts, judged, options=OPTIONS, seed=1, resamples=2, max_products=30)
    assert measured["judged_products"] == 30
    assert measured["clusters"]["products"] == 80
    assert measured["systems"]["text"]["leaf"]["adjusted_rand_index_full_path"] == pytest.approx(1)
