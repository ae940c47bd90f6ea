"""Hashed n-grams: which there are, counted by hand, and what belongs to which word."""

import re
from collections import Counter

import tensorflow as tf

from serving.classification.ngrams import ngrams_of
from serving.reasons.phrases import written_words

_MANY = 2**30


def expected(text: str) -> Counter[tuple[str, ...]]:
    """The n-grams of a text in lower case without accents, by plain Python."""
    units = re.findall(r"[\u4e00-\u9fff]|[a-z0-9]+|[!?,.]", text.lower())
    found: Counter[tuple[str, ...]] = Counter()
    for length in (1, 2):
        found.update(("words", *units[i : i + length]) for i in range(len(units) - length + 1))
    for length in (3,):
        for i in range(len(units) - length + 1):
            run = units[i : i + length]
            if all("\u4e00" <= unit <= "\u9fff" for unit in run):
                found["words", *run] += 1
    for unit in units:
        for length in (3, 4, 5):
            if len(unit) > 1:
                marked = f"<{unit}>"
                found.update(("characters", marked[i : i + length]) for i in range(len(marked) - length + 1))
    return found


def test_equal_ngrams_share_a_bucket_and_others_do_not() -> None:
    texts = ["Good, good tea!", "质量很好 good", "", "x", "好 tea 好好好", "no no no"]
    found = ngrams_of(written_words(tf.constant(texts)), _MANY)
    every: Counter[tuple[str, ...]] = Counter()
    for row, text in enumerate(texts):
        counts = Counter(found.buckets.numpy()[found.rows.numpy() == row].tolist())
        assert sorted(counts.values()) == sorted(expected(text).values())
        every.update(expected(text).keys())
    # Over all texts there are as many hashes as there are n-grams.
    assert len(set(found.buckets.numpy().tolist())) == len(every)


def test_case_accents_and_width_do_not_count() -> None:
    written, plain = (
        ngrams_of(written_words(tf.constant([text])), _MANY).buckets.numpy().tolist()
        for text in ("ＣＡＦÉ Crème", "cafe creme")
    )
    assert written == plain


def test_each_ngram_lies_within_its_text() -> None:
    words = written_words(tf.constant(["a-b c", "", "质量 ok!"]))
    found = ngrams_of(words, 1000)
    last = found.starts + found.lengths - 1
    rows = words.value_rowids()
    for unit in (found.starts, last):
        tf.debugging.assert_equal(tf.gather(rows, tf.gather(found.words, unit)), found.rows)
    assert tf.reduce_all((found.buckets >= 0) & (found.buckets < 1000))
