"""Texts into words, against plain Python."""

import re
import string
import sys
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.graph.words import UNSPACED_CHARACTER, joined, masked, plain_words, split, split_words
from tests.serving.graph.plain_words import ascii_words, singular

SIGNATURE = [tf.TensorSpec([None], tf.string)]
SPLIT = tf.function(split_words, input_signature=SIGNATURE)
PLAIN = tf.function(plain_words, input_signature=SIGNATURE)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ASCII_TEXT = st.text(st.characters(max_codepoint=127), max_size=30)


def words_of(*texts: str | bytes, split: object = SPLIT) -> list[list[str]]:
    return [[word.decode() for word in row] for row in split(tf.constant(texts, tf.string, [len(texts)])).to_list()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Green TEA", ["green", "tea"]),
        ("milk,bread;(tea)-coffee_cheese", ["milk", "bread", "tea", "coffee", "cheese"]),
        ("Kid's 100% O'Brien", ["kid", "s", "100", "o", "brien"]),
        ("1/2 3.5 1.000,50", ["1/2", "3.5", "1.000", "50"]),
        ("7/ .5 2. 1//2", ["7", "5", "2", "1", "2"]),
        ("12in XR500 2x4", ["12", "in", "xr", "500", "2", "x", "4"]),
        ("牛奶", ["牛", "奶", "牛奶"]),
        ("绿茶 milk 茶", ["绿", "茶", "milk", "茶", "绿茶"]),
        ("12牛奶oz", ["12", "牛", "奶", "oz", "牛奶"]),
        ("コーヒー", ["コ", "ー", "ヒ", "ー", "コー", "ーヒ", "ヒー"]),
        ("ｺｰﾋｰ", ["コ", "ー", "ヒ", "ー", "コー", "ーヒ", "ヒー"]),
        ("우유", ["우", "유", "우유"]),
        ("Ｍｉｌｋ　１２", ["milk", "12"]),
        ("ﬁne ℡ Ⅳ", ["fine", "tel", "iv"]),
        ("Crème İzmir Straße ΣΑΣ", ["creme", "izmir", "strasse", "σασ"]),
        ("Cre\u0300me", ["creme"]),
        ("Lego™ Kellogg's®", ["lego", "tm", "kellogg", "s"]),
        ("½ 1½ ¼lb", ["1/2", "1", "1/2", "1/4", "lb"]),
        ("5㎏ 10m²", ["5", "kg", "10", "m", "2"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]),
        ("milk\nbread\ttea\0coffee\x1bcheese", ["milk", "bread", "tea", "coffee", "cheese"]),
        (b"\xffmilk\xc3(\xe7\x89", ["milk"]),
        ("😀🛒 ❤️ 👨‍👩‍👧 🇩🇪", []),
        ("milk😀bread", ["milk", "bread"]),
        ("!?… — „“ $€", []),
        ("", []),
        (" \n\t", []),
        ("\0\x01\x7f", []),
    ],
)
def test_words_of_a_text(text: str | bytes, expected: list[str]) -> None:
    assert words_of(text) == [expected]


def test_a_batch_is_split_row_by_row() -> None:
    texts = ["green tea", "", "牛奶", "!", "12in"]
    assert words_of(*texts) == [words_of(text)[0] for text in texts]
    assert words_of() == []


def test_plain_words_keep_plurals_and_make_no_pairs() -> None:
    assert words_of("Teas 牛奶 boxes", split=PLAIN) == [["teas", "牛", "奶", "boxes"]]


def test_plurals_as_a_shop_writes_them() -> None:
    plurals = "Apples cherries boxes dresses brushes watches shoes batteries kids' cafés"
    expected = "apple cherry box dress brush watch shoe battery kid cafe"
    assert words_of(plurals) == [expected.split()]
    assert words_of("glass bus gas as s es ies lens") == [["glass", "bus", "ga", "as", "s", "es", "ie", "len"]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(string.ascii_lowercase, max_size=4), min_size=1, max_size=10), st.data())
def test_plurals_against_plain_python(stems: list[str], data: st.DataObject) -> None:
    endings = st.sampled_from(["s", "es", "ies", "aies", "sses", "xes", "zzes", "ches", "shes", "us", "ss", "e", "es"])
    words = [stem + data.draw(endings) for stem in stems]
    assert words_of(*words) == [[singular(word)] for word in words]


@settings(max_examples=60, deadline=None)
@given(st.lists(ASCII_TEXT, min_size=1, max_size=10))
def test_ascii_texts_against_plain_python(texts: list[str]) -> None:
    expected = [ascii_words(text) for text in texts]
    assert words_of(*texts, split=PLAIN) == expected
    assert words_of(*texts) == [[singular(word) for word in words] for words in expected]


@settings(max_examples=60, deadline=None)
@given(st.lists(ASCII_TEXT, min_size=1, max_size=10))
def test_joined_words_of_ascii_texts_are_the_same_words(texts: list[str]) -> None:
    words = words_of(*texts)
    assert words_of(*(" ".join(row) for row in words)) == words


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_TEXT | st.binary(max_size=30), min_size=1, max_size=10))
def test_a_word_has_neither_spaces_nor_capitals(texts: list[str | bytes]) -> None:
    encoded = [text.encode() if isinstance(text, str) else text for text in texts]
    for row in words_of(*encoded):
        for word in row:
            assert word
            assert not any(character.isspace() for character in word)
            assert not set(word) & set(string.ascii_uppercase)


def test_unspaced_characters_are_those_of_their_scripts_to_the_graph_and_to_python() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    # Letters, marks and digits: nothing else is part of a word.
    characters = [each for each in every if unicodedata.category(each)[0] in "LM" or unicodedata.category(each) == "Nd"]
    given_characters = tf.constant(characters, tf.string)
    scripts = r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    of_scripts = tf.strings.regex_full_match(given_characters, scripts).numpy()
    in_graph = tf.strings.regex_full_match(given_characters, UNSPACED_CHARACTER).numpy()
    in_python = [re.fullmatch(UNSPACED_CHARACTER, each) is not None for each in characters]
    assert in_graph.tolist() == of_scripts.tolist() == in_python
    assert sum(in_python) > 90_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab |", max_size=8), max_size=6), st.sampled_from(["", "|"]))
def test_texts_are_split_and_joined_as_by_tensorflow(texts: list[str], separator: str) -> None:
    given = tf.constant(texts, tf.string, [len(texts)])
    expected = tf.strings.split(given, separator or None)
    pieces = split(given, separator)
    assert pieces.to_list() == expected.to_list()
    again = tf.strings.reduce_join(expected, axis=1, separator="; ")
    assert joined(pieces, "; ").numpy().tolist() == again.numpy().tolist()


def test_values_are_kept_by_their_flags() -> None:
    texts, rows = masked(tf.constant([True, False, True]), tf.constant(["a", "b", "c"]), tf.constant([[1], [2], [3]]))
    assert texts.numpy().tolist() == [b"a", b"c"]
    assert rows.numpy().tolist() == [[1], [3]]
