"""Words as phrases, against what plain Python makes of them."""

import unicodedata
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.reasons.phrases import in_phrases, written_words

SIGNS = {"P", "Sm", "Sc", "Sk"}
ENDS = ",.!?;:，。！？"


def is_sign(word: str) -> bool:
    kinds = [unicodedata.category(each) for each in word]
    return all(kind[0] in SIGNS or kind in SIGNS for kind in kinds)


def phrases(words: list[list[str]], values: list[list[float]]) -> list[list[tuple[str, float]]]:
    """What the graph says, without its padding, which is checked."""
    ragged = [tf.ragged.constant(each, dtype, 1) for each, dtype in ((words, tf.string), (values, tf.float32))]
    found = tf.function(in_phrases)(*ragged)
    rows = []
    for texts, attributions in zip(found.texts.numpy(), found.attributions.numpy(), strict=True):
        count = int((texts != b"").sum())
        assert not attributions[count:].any()
        assert all(text == b"" for text in texts[count:])
        rows.append([(text.decode(), float(value)) for text, value in zip(texts[:count], attributions, strict=False)])
    return rows


def plain_merged(words: list[str], values: list[float]) -> list[tuple[str, float]]:
    """Words with what the signs beside them add, in order."""
    merged: list[tuple[str, float]] = []
    waiting = 0.0
    for word, value in zip(words, values, strict=True):
        if not is_sign(word):
            merged.append((word, value + waiting))
            waiting = 0.0
        elif merged:
            merged[-1] = (merged[-1][0], merged[-1][1] + value)
        else:
            waiting += value
    return merged


def split(text: str) -> list[str]:
    return [word.decode() for word in written_words(tf.constant([text])).to_list()[0]]


def test_words_are_cut_at_spaces_and_around_chinese_characters() -> None:
    assert split("Don't  buy iPhone手机，bad! コーヒー") == ["Don't", "buy", "iPhone", "手", "机", "，bad!", "コーヒー"]
    assert split(" ") == []


def test_neighbours_that_pull_the_same_way_are_one_phrase() -> None:
    words = ["a", "waste", "of", "money,", "but", "pretty"]
    found = phrases([words], [[0.001, 0.4, 0.1, 0.3, -0.2, -0.1]])[0]
    assert [text for text, _ in found] == ["waste of money", "but pretty", "a"]
    np.testing.assert_allclose([value for _, value in found], [0.8, -0.3, 0.001], rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bad, bad", ["bad", "bad"]),
        ("bad (bad) bad", ["bad", "bad", "bad"]),
        ("bad - bad", ["bad", "bad"]),
        ("it's 50% off!!!", ["it's 50% off"]),
        ("很好，很差", ["很好", "很差"]),
        ("质量很好", ["质量很好"]),
        ("买iPhone手机", ["买iPhone手机"]),
        ("one two three four five six", ["one two three", "four five six"]),
        ("... fine 😀", ["fine 😀"]),
        ("?! ...", ["?!", "..."]),
        ("", []),
    ],
)
def test_where_phrases_end(text: str, expected: list[str]) -> None:
    words = split(text)
    assert sorted(text for text, _ in phrases([words], [[0.1] * len(words)])[0]) == sorted(expected)


def test_a_row_keeps_its_sum_and_each_word_its_place() -> None:
    random = np.random.default_rng(0)
    every = ["good", "bad,", "(tea", "-", "?!", "手", "50%", "don't", "😀", "$", "the", "end."]
    rows = [list(random.choice(every, random.integers(0, 14))) for _ in range(60)]
    values = [random.normal(size=len(row)).astype(np.float32).tolist() for row in rows]
    found = phrases(rows, values)
    for row, value, reasons in zip(rows, values, found, strict=True):
        assert sum(each for _, each in reasons) == pytest.approx(sum(value), abs=1e-5)
        strengths = [abs(each) for _, each in reasons]
        assert strengths == sorted(strengths, reverse=True)
        merged = plain_merged(row, value)
        if merged:
            assert not any(is_sign(text) for text, _ in reasons)
            assert sorted("".join(bare(word) for word, _ in merged)) == sorted(
                "".join(bare(each) for each, _ in reasons)
            )
            # Each phrase is a run of words of one sign that lie side by side, at most four.
            for text, attribution in reasons:
                assert any(is_phrase(merged[start:end], text, attribution) for start, end in runs(len(merged)))


def test_a_row_alone_is_as_in_a_batch_and_no_rows_are_none() -> None:
    rows = [["... ", "good"], [], ["!"], ["bad", "tea"]]
    values = [[0.5, -0.25], [], [0.125], [0.1, 0.2]]
    together = phrases(rows, values)
    assert together == [phrases([row], [value])[0] for row, value in zip(rows, values, strict=True)]
    nothing = in_phrases(
        *(tf.RaggedTensor.from_row_splits(tf.constant([], kind), [0]) for kind in (tf.string, tf.float32))
    )
    assert nothing.texts.shape[0] == 0


def bare(text: str) -> str:
    return "".join(each for each in text if each.isalnum() or each in "%😀'")


def runs(count: int) -> list[tuple[int, int]]:
    return [(start, end) for start in range(count) for end in range(start + 1, min(start + 4, count) + 1)]


def is_phrase(words: list[tuple[str, float]], text: str, attribution: float) -> Any:
    same_way = len({np.sign(value) for _, value in words}) == 1
    ended = any(word[-1] in ENDS for word, _ in words[:-1])
    whole = sum(value for _, value in words)
    same_text = bare(text) == "".join(bare(word) for word, _ in words)
    return same_text and same_way and not ended and whole == pytest.approx(attribution, abs=1e-5)
