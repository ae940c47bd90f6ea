"""Labels against TF-IDF over classes worked out by hand, and how they read."""

import math

import numpy as np
import pytest

from trainer.clusters.labels import class_factors, label_clusters


def _label(texts, leaves, parents, weights=None, words=3):
    weights = np.ones(len(texts)) if weights is None else np.array(weights, float)
    return label_clusters(texts, weights, np.array(leaves, np.int32), np.array(parents, np.int32), words)


def test_factors_by_hand():
    # Two classes with 6 words together, so 3 a class.
    factors = class_factors(np.array([1.0, 2.0, 3.0]), 2)
    np.testing.assert_allclose(factors, [math.log(1 + 3 / 1), math.log(1 + 3 / 2), math.log(1 + 3 / 3)])


def test_leaves_are_called_by_their_kind():
    texts = [
        *["Ground Coffee, 12 oz (Best brand)", "Ground Coffee, 2 oz (Best brand)"] * 3,
        *["Instant Coffee, 5 oz (Best brand)"] * 4,
        *["Garden Chairs (Best brand)", "Garden Tables (Best brand)"] * 2,
    ]
    leaves, parents = [0] * 6 + [1] * 4 + [2] * 4, [0, 0, 1]
    assert _label(texts, leaves, parents, words=1).parents == ["Coffee", "Garden"]
    assert _label(texts, leaves, parents, words=2).leaves == ["Ground Coffee", "Instant Coffee", "Garden Chairs"]


def test_no_label_is_longer_than_forty_characters():
    texts = ["incomprehensibilities counterrevolutionaries"] * 4 + ["internationalisations of everything"] * 4
    texts += ["x" * 60] * 4 + ["x" * 60] * 4
    labels = _label(texts, np.repeat([0, 1, 2, 3], 4), [0, 1, 2, 3], words=5)
    assert max(map(len, labels.leaves)) <= 40
    assert len(set(labels.leaves)) == 4


def test_words_are_read_as_written_in_the_texts_and_in_their_order():
    texts = ["SOFT drinks", "Soft Drinks", "Soft Drinks", "Soft Drinks 2 l"] + ["Cookies with nuts"] * 4
    labels = _label(texts, [0] * 4 + [1] * 4, [0, 1])
    assert labels.parents == ["Soft Drinks", "Cookies, Nuts"]


def test_numbers_units_and_function_words_say_nothing():
    texts = ["mat, 9 ct", "2 of 12 ct mat", "12 ct of mat", "phone 7 case of s", "phone 8 case of s"]
    assert _label(texts, [0] * 3 + [1] * 2, [0, 1]).parents == ["Mat", "Phone, Case"]
    nothing = _label(["12 3", "4"], [0, 1], [0, 1])
    assert nothing.parents == ["…", "… 2"]


def test_each_label_is_there_once():
    same = ["red shirt with stripes"] * 3
    labels = _label(same * 4, np.repeat([0, 1, 2, 3], 3), [0, 0, 1, 1])
    assert len(set(labels.leaves)) == 4
    assert len(set(labels.parents)) == 2


def test_chinese_words_are_longer_than_a_character():
    texts = ["男士运动鞋 透气", "女士运动鞋 轻便", "儿童运动鞋 轻便", "运动鞋 男"] + [
        "纯棉连衣裙 夏季",
        "女士连衣裙 长款",
    ] * 2
    labels = _label(texts, [0] * 4 + [1] * 4, [0, 1], words=1)
    assert labels.parents == ["运动鞋", "连衣裙"]


def test_characters_apart_are_no_word():
    texts = ["手机 壳", "手机 壳", "手机 壳", "茶杯 大", "茶杯 小", "茶杯"]
    assert _label(texts, [0] * 3 + [1] * 3, [0, 1], words=2).parents == ["手机", "茶杯"]


def test_weights_count_as_repeated_texts():
    texts, leaves = ["blue tea", "green tea", "red mug", "red mug big"], [0, 0, 1, 1]
    weights = [5, 1, 2, 3]
    weighted = _label(texts, leaves, [0, 1], weights)
    assert weighted == _label(np.repeat(texts, weights).tolist(), np.repeat(leaves, weights), [0, 1])
    assert weighted.parents == ["Blue tea, Green", "Red mug big"]


@pytest.mark.parametrize("words", [1, 2])
def test_no_more_words_than_asked_for(words):
    labels = _label(["alpha beta gamma", "delta epsilon zeta"], [0, 1], [0, 1], words=words)
    assert [len(label.replace(",", "").split()) for label in labels.parents] == [words, words]
