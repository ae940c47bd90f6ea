"""Postings as they are laid out; what they score is tested with the index that reads them."""

import math

import numpy as np
import pytest

from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions

TEXTS = ["green tea", "red tea", "", "tea 牛奶 tea", "green apples"]


def test_the_postings_of_a_word_are_the_products_that_have_it() -> None:
    postings = build_postings(TEXTS, LexicalOptions())
    found = {
        word.decode(): postings.texts[start:stop].tolist()
        for word, start, stop in zip(postings.words, postings.row_splits, postings.row_splits[1:], strict=False)
    }
    assert found == {
        "apple": [4],
        "green": [0, 4],
        "red": [1],
        "tea": [0, 1, 3],
        "奶": [3],
        "牛": [3],
        "牛奶": [3],
    }
    assert postings.size == len(TEXTS)
    assert postings.row_splits.dtype == np.int64
    assert postings.texts.dtype == np.int32
    assert ((postings.saturation > 0.0) & (postings.saturation < 1.0)).all()
    assert not postings.joined.any()


def test_the_order_of_the_catalogue_changes_nothing_but_the_numbers() -> None:
    order = [3, 0, 4, 2, 1]
    first, other = (build_postings(texts, LexicalOptions()) for texts in (TEXTS, [TEXTS[row] for row in order]))
    assert first.words == other.words
    np.testing.assert_array_equal(first.rarity, other.rarity)
    words = np.repeat(np.arange(len(first.words)), np.diff(first.row_splits))
    pairs = [
        dict(zip(zip(words, texts, strict=True), saturation, strict=True))
        for texts, saturation in (
            (first.texts, first.saturation),
            (np.array(order)[other.texts], other.saturation),
        )
    ]
    assert pairs[0] == pytest.approx(pairs[1])


def test_a_catalogue_many_times_over_has_each_posting_as_often() -> None:
    # Twice, so that its pairs of neighbours count as words already.
    texts = 2 * TEXTS
    few, many = build_postings(texts, LexicalOptions()), build_postings(4_000 * texts, LexicalOptions())
    assert many.words == few.words
    assert many.size == 4_000 * few.size
    np.testing.assert_array_equal(many.row_splits, 4_000 * few.row_splits)
    for word in range(len(few.words)):
        small, large = (slice(*each.row_splits[word : word + 2]) for each in (few, many))
        expected = (np.arange(4_000)[:, np.newaxis] * len(texts) + few.texts[small]).ravel()
        np.testing.assert_array_equal(many.texts[large], expected)
        frequency = len(expected)
        rarity = math.sqrt(math.log1p((many.size - frequency + 0.5) / (frequency + 0.5)))
        assert many.rarity[word] == pytest.approx(rarity, rel=1e-5)
        # Texts are as long as before, so what a word's repetition counts for is too.
        np.testing.assert_allclose(many.saturation[large], np.tile(few.saturation[small], 4_000), rtol=1e-4)


def test_neighbours_are_a_word_where_texts_repeat_them_or_have_it_as_one() -> None:
    texts = ["light bulb", "lightbulbs", "green tea", "red tea", "Red teas", "a b", "a b", "牛 奶", "牛 奶"]
    postings = build_postings(texts, LexicalOptions())
    found = {
        word.decode(): (postings.texts[start:stop].tolist(), bool(joined))
        for word, start, stop, joined in zip(
            postings.words, postings.row_splits, postings.row_splits[1:], postings.joined, strict=False
        )
    }
    assert found["lightbulb"] == ([0, 1], False)
    assert found["redtea"] == ([3, 4], True)
    assert "greentea" not in found
    assert "ab" not in found
    # A text is no longer for its pairs.
    tea = found["tea"][0].index(2), found["tea"][0].index(3)
    start = postings.row_splits[postings.words.index(b"tea")]
    assert postings.saturation[start + tea[0]] == postings.saturation[start + tea[1]]
