"""What pictures mean beside texts: learned where there is something to learn, and left out where there is nothing."""

import numpy as np
import pytest

from trainer.pictures.axes import fit_axes
from trainer.search.pictures.alignment import align
from trainer.search.pictures.text_fusion import fused, learn_text_fusion
from trainer.search.queries import JudgedQueries


def unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def test_axes_are_those_of_the_singular_value_decomposition():
    for rows in (12, 60):
        vectors = np.random.default_rng(0).normal(size=(rows, 20)).astype(np.float32)
        axes = fit_axes(vectors, 5, seed=0)
        _, _, right = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
        np.testing.assert_allclose(np.abs(axes.axes.T @ right[:5].T), np.eye(5), atol=1e-3)
        looks = axes.looks(np.vstack([vectors, np.full((1, 20), np.nan)]))
        np.testing.assert_allclose(np.linalg.norm(looks[:-1], axis=1), 1.0, atol=1e-5)
        assert np.isnan(looks[-1]).all()


def test_equal_pictures_have_an_axis():
    axes = fit_axes(np.ones((4, 3), np.float32), 2, seed=0)
    assert np.isfinite(axes.looks(np.ones((2, 3), np.float32))).all()


def test_pictures_of_known_things_find_their_texts():
    generator = np.random.default_rng(0)
    texts = unit(generator.normal(size=(600, 24)))
    looks = unit(texts @ generator.normal(size=(24, 16)) + 0.1 * generator.normal(size=(600, 16)))
    alignment = align(looks, texts, seed=0)
    assert alignment.recall_at_10 >= alignment.start_recall_at_10
    assert alignment.recall_at_10 > 0.8 > 4 * alignment.chance
    np.testing.assert_allclose(np.linalg.norm(alignment.meanings(looks), axis=1), 1.0, atol=1e-5)


def judged(targets):
    count = len(targets)
    return JudgedQueries(
        queries=[str(query) for query in range(count)],
        offsets=np.arange(count + 1),
        products=targets,
        relevance=np.ones(count, np.float32),
        slices=["asked"] * count,
        headline=np.ones(count, np.bool_),
    )


@pytest.mark.parametrize("telling", [True, False])
def test_texts_are_moved_towards_pictures_that_answer_queries_and_no_others(telling):
    generator = np.random.default_rng(1)
    wanted = unit(generator.normal(size=(300, 16)))
    vectors = unit(wanted + 1.6 * unit(generator.normal(size=(300, 16))))
    meanings = unit(wanted + 0.5 * unit(generator.normal(size=(300, 16))))
    if not telling:
        meanings = meanings[generator.permutation(300)]
    fusion = learn_text_fusion(vectors, meanings, judged(np.arange(300)), wanted, None, 0.5)
    assert (fusion.weight > 0) == telling
    moved = fusion.fuse(vectors, meanings)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1.0, atol=1e-5)
    assert fusion.report["queries"] == 300
    assert fusion.report["ndcg_at_10"]["0"] <= max(fusion.report["ndcg_at_10"].values())


def test_a_text_without_a_picture_stays_where_it_is():
    vectors = np.random.default_rng(2).normal(size=(2, 4)).astype(np.float32)
    meanings = np.array([[0, 0, 0, 0], [1, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(fused(vectors, meanings, 0.4)[0], vectors[0], rtol=1e-6)
