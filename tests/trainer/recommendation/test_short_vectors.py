"""Shorter vectors keep dot products as well as any of their length can."""

import numpy as np

from trainer.recommendation.short_vectors import short_vectors


def test_dot_products_stay_where_the_vectors_have_few_directions() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(50, 3)) @ generator.normal(size=(3, 20))
    short = short_vectors(vectors, dimensions=5)
    assert short.shape == (50, 5)
    np.testing.assert_allclose(short @ short.T, vectors @ vectors.T, atol=1e-3)


def test_vectors_that_are_short_stay_as_they_are() -> None:
    vectors = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_allclose(short_vectors(vectors, dimensions=5), vectors, rtol=1e-6)
