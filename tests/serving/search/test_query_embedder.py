"""What a query is read as and which embedder reads it, with two embedders that can be told apart."""

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from serving.index.lexical import LexicalIndex
from serving.search.correction import SpellingCorrection
from serving.search.product_codes import ProductCodes
from serving.search.query_embedder import QueryEmbedder
from serving.search.reading import QueryReader
from serving.search.synonyms import SynonymReader
from trainer.search.index.corrections import build_corrections, known_words
from trainer.search.index.postings import build_postings

TEXTS = ["Green tea, 12 oz", "Light bulb", "Light bulb warm", "Toilet paper", "红茶"]


def embedder(sign: float) -> TextEmbedder:
    """Reads a text as its length, with that sign, and knows those longer than 3 characters if the sign is positive."""

    def encode(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        lengths = tf.cast(tf.strings.length(texts), tf.float32)
        return sign * tf.stack([lengths, tf.ones_like(lengths)], axis=1), (lengths > 3.0) & (sign > 0.0)

    return TextEmbedder(encode, [])


def reader(tower: TextEmbedder, full: TextEmbedder, texts: list[str], *, undisguises: bool = False) -> QueryReader:
    postings = build_postings(texts, None)
    corrections = build_corrections(postings, known_words(["wombat", "the"]))
    codes = ProductCodes(tf.Variable(["1"], trainable=False), tf.Variable([""], trainable=False))
    return QueryReader(
        QueryEmbedder(tower, full),
        LexicalIndex(postings),
        SynonymReader({"brew": "green tea", "bath roll": "toilet paper"}),
        SpellingCorrection(corrections),
        codes,
        undisguises=undisguises,
    )


READERS = {"two": reader(embedder(1.0), embedder(-1.0), TEXTS)}
READ = tf.function(
    lambda query: (READERS["two"].read(query).vectors, READERS["two"].words(query).text),
    input_signature=[tf.TensorSpec([None], tf.string)],
)
# What each is read as, and whether it has a word of letters that is of three letters or more and not of the catalogue.
QUERIES = {
    "green teas": ("green teas", False),
    "GREEN wombat": ("GREEN wombat", True),
    "GREEN quokka": ("GREEN quokka", True),
    "": ("", False),
    "?!": ("?!", False),
    "12": ("12", False),
    "13": ("13", False),
    "茶红": ("茶红", False),
    "茶水": ("茶水", False),
    # The pair is a word of the catalogue, joined.
    "lightbulb": ("lightbulb", False),
    "bulbwarm": ("bulbwarm", True),
    "Tolet-Papers!": ("toilet papers", False),
    "tolet quokkas": ("toilet quokkas", True),
    "an ox": ("an ox", False),
    # What the catalogue calls otherwise; a pair is looked for in any number, and by whole words.
    "Brews!": ("green tea", False),
    "warm brew tolet": ("warm green tea toilet", False),
    "bath rolls": ("toilet paper", False),
    "a bath roll brew": ("a toilet paper green tea", False),
    "bathroll": ("bathroll", True),
}


@pytest.mark.parametrize("queries", [[], list(QUERIES), list(QUERIES)[::-1], *([query] for query in QUERIES)])
def test_each_query_is_read_by_itself(queries: list[str]) -> None:
    vectors, texts = READ(tf.constant(queries, tf.string, [len(queries)]))
    assert vectors.shape == (len(queries), 2)
    for query, vector, text in zip(queries, vectors.numpy().tolist(), texts.numpy().tolist(), strict=True):
        expected, strange = QUERIES[query]
        assert text.decode() == expected
        sign = -1.0 if strange else 1.0
        assert vector == [sign * len(text), sign], query


@pytest.mark.parametrize("query", ["quokka", "green", ""])
def test_one_embedder_reads_all(query: str) -> None:
    one = embedder(1.0)
    vectors = reader(one, one, TEXTS).vectors(tf.constant([query]))
    np.testing.assert_array_equal(vectors, [[float(len(query)), 1.0]])


def test_a_catalogue_without_a_word_leaves_words_as_they_are() -> None:
    words = reader(embedder(1.0), embedder(-1.0), ["!"]).words(tf.constant(["the tolet", "the"]))
    assert words.text.numpy().tolist() == [b"the tolet", b"the"]
    assert words.strange.numpy().tolist() == [True, True]
