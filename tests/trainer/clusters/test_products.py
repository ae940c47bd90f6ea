"""Clusters of products: what holds for each catalogue, degenerate ones, fused parts, and files."""

import numpy as np
import pytest

from trainer.artifacts.catalogue import distinct_texts
from trainer.clusters.files import load_product_clusters, save_product_clusters
from trainer.clusters.fused_vectors import ProductParts, fit_fusion
from trainer.clusters.learning.learned_vectors import LearnedVectors
from trainer.clusters.learning.projection import principal_projection
from trainer.clusters.options import ClusterOptions
from trainer.clusters.products import cluster_products

WORDS = ["shirt", "shoes", "lamp", "table", "coffee", "tea", "soap", "towel"]


def _catalogue(products=120, seed=0):
    """Products of eight kinds, some with the same text, whose vectors are near that of their kind."""
    generator = np.random.default_rng(seed)
    kinds = generator.integers(len(WORDS), size=products)
    texts = [f"{WORDS[kind]} model {generator.integers(6)}" for kind in kinds]
    of_texts = {}
    for text, kind in zip(texts, kinds, strict=True):
        vector = np.eye(len(WORDS))[kind] + generator.normal(0, 0.1, len(WORDS))
        of_texts.setdefault(text, vector / np.linalg.norm(vector))
    return np.stack([of_texts[text] for text in texts]).astype(np.float32), texts, kinds


def _cluster(vectors, texts, options, seed, parts=None, **others):
    """Clusters products by their distinct texts."""
    text_of_product, distinct = distinct_texts(texts)
    of_texts = vectors[np.unique(text_of_product, return_index=True)[1]]
    parts = None if parts is None else parts.of_texts(text_of_product, len(distinct))
    return cluster_products(of_texts, distinct, text_of_product, options, seed, parts=parts, **others)


def _assert_same(ours, theirs):
    np.testing.assert_array_equal(ours.cluster_ids, theirs.cluster_ids)
    np.testing.assert_array_equal(ours.centroids, theirs.centroids)
    np.testing.assert_array_equal(ours.parents, theirs.parents)
    assert (ours.labels, ours.parent_labels) == (theirs.labels, theirs.parent_labels)
    assert ours.fusion == theirs.fusion
    assert (ours.cluster_ids.dtype, ours.centroids.dtype, ours.parents.dtype) == (np.int32, np.float32, np.int32)
    assert (theirs.cluster_ids.dtype, theirs.centroids.dtype) == (np.int32, np.float32)


def _assert_sound(clusters, vectors, texts, parts=None):
    leaves = len(clusters.labels)
    assert clusters.cluster_ids.shape == (len(texts),)
    assert len(clusters.centroids) == len(clusters.parents) == leaves
    assert (np.bincount(clusters.cluster_ids, minlength=leaves) > 0).all()
    assert np.unique(clusters.parents).tolist() == list(range(len(clusters.parent_labels)))
    assert len(set(clusters.labels)) == leaves
    assert len(set(clusters.parent_labels)) == len(clusters.parent_labels)
    assert max(map(len, [*clusters.labels, *clusters.parent_labels])) <= 40
    found = {}
    for text, cluster in zip(texts, clusters.cluster_ids.tolist(), strict=True):
        assert found.setdefault(text, cluster) == cluster
    text_of_product, distinct = distinct_texts(texts)
    of_texts = vectors[np.unique(text_of_product, return_index=True)[1]]
    assigned = clusters.assign(of_texts, None if parts is None else parts.of_texts(text_of_product, len(distinct)))
    np.testing.assert_array_equal(assigned[text_of_product], clusters.cluster_ids)


def test_clusters_of_a_catalogue_are_its_kinds():
    vectors, texts, kinds = _catalogue()
    options = ClusterOptions(top_clusters=8, sub_clusters=2)
    clusters = _cluster(vectors, texts, options, seed=0)
    _assert_sound(clusters, vectors, texts)
    tops = clusters.parents[clusters.cluster_ids]
    assert {clusters.parent_labels[top].split(",")[0].lower() for top in tops} <= {*WORDS, "shoes"}
    assert [WORDS[kind] for kind in kinds] == [
        clusters.parent_labels[top].split(",")[0].split()[0].lower() for top in tops
    ]
    sizes = np.bincount(tops)
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)


def test_the_same_seed_gives_the_same_clusters():
    vectors, texts, _ = _catalogue()
    options = ClusterOptions(sample_size=30, texts_per_label=3)
    clusters = _cluster(vectors, texts, options, seed=3)
    _assert_sound(clusters, vectors, texts)
    _assert_same(clusters, _cluster(vectors, texts, options, seed=3))
    assert clusters.cluster_ids.tolist() != _cluster(vectors, texts, options, seed=4).cluster_ids.tolist()


def test_equal_texts_share_a_cluster():
    vectors, texts, _ = _catalogue()
    # As from a text encoder whose last digits depend on the batch.
    vectors = vectors + np.random.default_rng(1).normal(0, 1e-6, vectors.shape).astype(np.float32)
    clusters = _cluster(vectors, texts, ClusterOptions(top_clusters=4, sub_clusters=20), seed=0)
    found = {}
    for text, cluster in zip(texts, clusters.cluster_ids.tolist(), strict=True):
        assert found.setdefault(text, cluster) == cluster
    assert len(clusters.labels) > len(WORDS)


@pytest.mark.parametrize(
    ("vectors", "texts"),
    [
        (np.ones((1, 2)), ["tea"]),
        (np.ones((1, 2)), [""]),
        (np.ones((9, 2)), ["tea"] * 9),
        (np.ones((9, 2)), [f"tea {number}" for number in range(9)]),
        (np.eye(3), ["tea", "tea pot", "mug"]),
        (np.eye(40), ["tea"] + ["1"] * 39),
        (np.zeros((5, 2)), ["", "", "a", "茶", "1 2"]),
    ],
)
def test_degenerate_catalogues(vectors, texts):
    vectors = vectors.astype(np.float32)
    for options in (ClusterOptions(), ClusterOptions(top_clusters=20, sub_clusters=20)):
        clusters = _cluster(vectors, texts, options, seed=0)
        assert len(clusters.labels) <= len(set(texts))
        assert (np.bincount(clusters.cluster_ids) > 0).all()
        assert len(set(clusters.labels)) == len(clusters.labels)


def test_refuses_what_it_cannot_cluster():
    vectors, texts, _ = _catalogue()
    with pytest.raises(ValueError, match="at least one text"):
        cluster_products(vectors[:0], [], np.zeros(0, np.int32), ClusterOptions(), seed=0)
    with pytest.raises(ValueError, match="Received 120 and 119"):
        cluster_products(vectors, texts[1:], np.arange(120), ClusterOptions(), seed=0)
    with pytest.raises(ValueError, match="should be finite"):
        _cluster(np.full_like(vectors, np.nan), texts, ClusterOptions(), seed=0)
    with pytest.raises(ValueError, match="should have 8 dimensions"):
        _cluster(vectors, texts, ClusterOptions(), seed=0).assign(vectors[:, :4])


def _parts(products):
    generator = np.random.default_rng(5)
    images, prices = generator.normal(size=(products, 4)), generator.lognormal(size=products)
    ratings = generator.uniform(1, 5, size=products)
    images[::3], prices[::4], prices[1], ratings[::5] = np.nan, np.nan, 0.0, np.nan
    return ProductParts(images=images.astype(np.float32), prices=prices, ratings=ratings)


def test_fused_vectors_by_hand():
    parts = ProductParts(
        images=np.array([[3.0, 4.0], [0.0, 2.0], [np.nan, 1.0], [0.0, 0.0]]),
        prices=np.array([1.0, np.e**2, np.nan, -1.0]),
        ratings=np.array([2.0, np.nan, 4.0, 3.0]),
    )
    options = ClusterOptions(image_weight=2.0, price_weight=0.5, rating_weight=1.0)
    fused = fit_fusion(parts, options).fuse(np.ones((4, 1), np.float32), parts)
    # Images of length 1, times 2; where there is none, their mean. Log prices 0 and 2 are -1 and 1, times 0.5.
    deviation = np.sqrt(2 / 3)
    expected = [
        [1, 1.2, 1.6, -0.5, -1 / deviation],
        [1, 0.0, 2.0, 0.5, 0],
        [1, 0.6, 1.8, 0, 1 / deviation],
        [1, 0.6, 1.8, 0, 0],
    ]
    np.testing.assert_allclose(fused, expected, rtol=1e-6, atol=1e-6)
    without = fit_fusion(parts, options).fuse(np.ones((1, 1), np.float32), ProductParts())
    np.testing.assert_allclose(without, [[1, 0.6, 1.8, 0, 0]], rtol=1e-6)


def test_parts_without_a_weight_or_without_values_are_left_out():
    vectors, texts, _ = _catalogue()
    plain = _cluster(vectors, texts, ClusterOptions(), seed=0)
    _assert_same(plain, _cluster(vectors, texts, ClusterOptions(), seed=0, parts=_parts(len(texts))))
    unknown = np.full(len(texts), np.nan)
    nothing = ProductParts(images=unknown[:, np.newaxis], prices=unknown, ratings=np.full(len(texts), 3.0))
    weights = ClusterOptions(image_weight=1.0, price_weight=1.0, rating_weight=1.0)
    _assert_same(plain, _cluster(vectors, texts, weights, seed=0, parts=nothing))


def test_parts_of_texts_are_the_means_of_those_that_are_known():
    parts = ProductParts(
        images=np.array([[1.0, 0.0], [3.0, 2.0], [np.nan, 5.0], [np.nan, 1.0]]),
        prices=np.array([2.0, 4.0, np.nan, -1.0]),
        ratings=np.array([1.0, np.nan, 4.0, 5.0]),
    )
    found = parts.of_texts(np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(found.images, [[2.0, 1.0], [np.nan] * 2, [np.nan] * 2])
    np.testing.assert_allclose(found.prices, [3.0, np.nan, np.nan])
    np.testing.assert_allclose(found.ratings, [2.5, 5.0, np.nan])


def test_prices_part_texts_that_are_alike():
    texts = [f"tea {number}" for number in range(40)]
    vectors, parts = np.ones((40, 2), np.float32), ProductParts(prices=np.repeat([1.0, 100.0], 20))
    options = ClusterOptions(top_clusters=1, sub_clusters=2, price_weight=1.0)
    clusters = _cluster(vectors, texts, options, seed=0, parts=parts)
    _assert_sound(clusters, vectors, texts, parts)
    assert len(set(clusters.cluster_ids[:20])) == len(set(clusters.cluster_ids[20:])) == 1
    assert clusters.cluster_ids[0] != clusters.cluster_ids[-1]
    new = clusters.assign(vectors[:2], ProductParts(prices=np.array([2.0, 80.0])))
    assert new.tolist() == [clusters.cluster_ids[0], clusters.cluster_ids[-1]]
    with pytest.raises(ValueError, match="`prices` should have 2 rows"):
        clusters.assign(vectors[:2], ProductParts(prices=np.ones(3)))


def test_categories_name_clusters_and_words_those_without_one():
    vectors, texts, kinds = _catalogue()
    categories = [f"Shop > {WORDS[kind]}" if kind else "" for kind in kinds]
    clusters = _cluster(vectors, texts, ClusterOptions(top_clusters=8, sub_clusters=1), seed=0, categories=categories)
    _assert_sound(clusters, vectors, texts)
    of_kinds = {
        kind: clusters.labels[cluster] for kind, cluster in zip(kinds.tolist(), clusters.cluster_ids, strict=True)
    }
    assert [of_kinds[kind] for kind in range(1, 8)] == WORDS[1:]
    assert of_kinds[0] == "Shirt"


@pytest.mark.parametrize("weight", [0.0, 0.7])
@pytest.mark.parametrize("projected", [False, True])
def test_files_bring_back_the_same(tmp_path, weight, projected):
    vectors, texts, _ = _catalogue()
    parts = _parts(len(texts))
    options = ClusterOptions(image_weight=weight, price_weight=weight, rating_weight=weight)
    text_of_product, distinct = distinct_texts(texts)
    learned = None
    if projected:
        projection = principal_projection(vectors, 4, 100, np.random.default_rng(0))
        fusion = fit_fusion(parts.of_texts(text_of_product, len(distinct)), options)
        learned = LearnedVectors(projection=projection, fusion=fusion, learned_from="titles", agreements={})
    clusters = _cluster(vectors, texts, options, seed=0, parts=parts, learned=learned)
    _assert_sound(clusters, vectors, texts, parts)
    save_product_clusters(clusters, f"{tmp_path}/new/folder")
    loaded = load_product_clusters(f"{tmp_path}/new/folder")
    _assert_same(clusters, loaded)
    _assert_sound(loaded, vectors, texts, parts)
    if learned is None:
        assert loaded.projection is None
        return
    np.testing.assert_array_equal(loaded.projection.matrix, learned.projection.matrix)
    np.testing.assert_array_equal(loaded.projection.offset, learned.projection.offset)
    with pytest.raises(ValueError, match="should have 8 dimensions"):
        loaded.assign(vectors[:, :4], parts)


def test_chinese_catalogue_has_chinese_labels():
    vectors = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    texts = [f"男士运动鞋 第{number}款" for number in range(10)] + [f"纯棉连衣裙 第{number}款" for number in range(10)]
    clusters = _cluster(vectors, texts, ClusterOptions(top_clusters=2, sub_clusters=1), seed=0)
    assert "运动鞋" in clusters.parent_labels[clusters.parents[clusters.cluster_ids[0]]]
    assert "连衣裙" in clusters.parent_labels[clusters.parents[clusters.cluster_ids[-1]]]
