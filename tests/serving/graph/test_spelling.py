"""The one spelling of texts, against Python's unicodedata."""

import sys
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.spelling import as_vocabulary, folded, readable, traditional_characters

SIGNATURE = [tf.TensorSpec([None], tf.string)]
READABLE = tf.function(readable, input_signature=SIGNATURE)
FOLDED = tf.function(lambda texts: folded(readable(texts)), input_signature=SIGNATURE)

EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\ufeff"


def made(function: object, *texts: str | bytes) -> list[str]:
    return [text.decode() for text in function(tf.constant(texts, tf.string, [len(texts)])).numpy()]


def plainly_readable(text: str) -> str:
    kept = (each for each in text if each not in UNSEEN)
    return "".join(" " if unicodedata.category(each) in ("Zs", "Zl", "Zp", "Cc") else each for each in kept)


def test_every_space_and_control_character_is_a_space() -> None:
    assert made(READABLE, *EVERY) == [plainly_readable(each) for each in EVERY]


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=10))
def test_readable_texts_against_plain_python(texts: list[str]) -> None:
    assert made(READABLE, *texts) == [plainly_readable(text) for text in texts]


def test_bytes_that_are_no_text_become_spaces() -> None:
    assert made(READABLE, b"a\xffb\xe7\x89")[0].split() == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crème Brûlée", "creme brulee"),
        ("Cre\u0300me", "creme"),
        ("Müller STRAẞE", "muller strasse"),
        ("điện thoại", "dien thoai"),
        ("Łosoś Øl", "losos ol"),
        ("IŞIK ışık İzmir", "isik isik izmir"),
        ("Ёлка йод", "елка иод"),
        ("Ελλάδα", "ελλαδα"),
        # What only one script has tells its words apart.
        ("ガム カム ｶﾞﾑ", "ガム カム ガム"),
        ("ผ้า ผา", "ผ้า ผา"),
        ("की का के", "की का के"),
        ("우유", "우유"),
        ("شَمس", "شَمس"),
    ],
)
def test_accents_fold_where_they_are_accents(text: str, expected: str) -> None:
    assert made(FOLDED, text) == [unicodedata.normalize("NFKC", expected)]


def test_traditional_and_full_width_chinese_is_read_as_simplified() -> None:
    given = ["無線藍牙耳機 ＸＲ５００", "无线蓝牙耳机 xr500", "車", "", "tea"]
    assert made(FOLDED, *given) == ["无线蓝牙耳机 xr500", "无线蓝牙耳机 xr500", "车", "", "tea"]
    assert made(FOLDED, "tea") == ["tea"]
    # What is simplified stays as it is.
    changed = "".join(sorted(traditional_characters()))
    (once,) = made(FOLDED, changed)
    assert made(FOLDED, once) == [once]
    assert len(once) == len(changed)


def test_no_letter_of_an_alphabet_with_accents_keeps_one() -> None:
    composed = [each for each in EVERY if unicodedata.category(each)[0] == "L" and unicodedata.decomposition(each)]
    names = {each: unicodedata.name(each, "") for each in composed}
    accented = [
        each
        for each in composed
        if names[each].startswith(("LATIN", "GREEK", "CYRILLIC"))
        and "WITH" in names[each]
        and not unicodedata.decomposition(each).startswith("<")
    ]
    assert len(accented) > 700
    for letter, found in zip(accented, made(FOLDED, *accented), strict=True):
        decomposed = unicodedata.normalize("NFD", letter.casefold())
        base = "".join(each for each in decomposed if unicodedata.category(each) != "Mn")
        assert found == unicodedata.normalize("NFKC", base).casefold().translate(str.maketrans("łđøı", "ldoi")), names[
            letter
        ]


def test_a_vocabulary_of_an_uncased_bert_has_neither_case_nor_marks() -> None:
    texts = tf.constant(["Crème\u00a0BRÛLÉE", "우유", "가방"])
    spelled = made(lambda given: as_vocabulary(given, lowercase=True, strip_accents=True), *texts.numpy())
    assert spelled == ["creme brulee", unicodedata.normalize("NFD", "우유"), unicodedata.normalize("NFD", "가방")]


def test_a_vocabulary_may_keep_case_accents_and_syllables() -> None:
    texts = ["Cre\u0300me", unicodedata.normalize("NFD", "우유")]
    assert made(lambda given: as_vocabulary(given, lowercase=False, strip_accents=False), *texts) == ["Crème", "우유"]
    assert made(lambda given: as_vocabulary(given, lowercase=True, strip_accents=False), *texts) == ["crème", "우유"]
    syllables = made(
        lambda given: as_vocabulary(given, lowercase=True, strip_accents=True, hangul_syllables=True), *texts
    )
    assert syllables == ["creme", "우유"]
