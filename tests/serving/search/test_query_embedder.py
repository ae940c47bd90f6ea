"""Which queries the encoder reads in place of a tower, with two embedders that can be told apart."""

import numpy as np
import pytest
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from serving.index.lexical import LexicalIndex
from serving.search.query_embedder import QueryEmbedder
from trainer.search.index.postings import build_postings

TEXTS = ["Green tea, 12 oz", "Light bulb", "Light bulb warm", "红茶"]


def embedder(sign: float) -> TextEmbedder:
    """Reads a text as its length, with that sign, and knows those longer than 3 characters if the sign is positive."""

    def encode(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        lengths = tf.cast(tf.strings.length(texts), tf.float32)
        return sign * tf.stack([lengths, tf.ones_like(lengths)], axis=1), (lengths > 3.0) & (sign > 0.0)

    return TextEmbedder(encode, [])


EMBED = tf.function(
    QueryEmbedder(embedder(1.0), embedder(-1.0), LexicalIndex(build_postings(TEXTS, None))).embed,
    input_signature=[tf.TensorSpec([None], tf.string)],
)
# Whether each has a word that no text has.
QUERIES = {
    "green teas": False,
    "GREEN wombat": True,
    "": False,
    "?!": False,
    "12": False,
    "13": True,
    "茶红": False,
    "茶水": True,
    # The pair is a word of the catalogue, joined.
    "lightbulb": False,
    "bulbwarm": True,
}


def expected(query: str) -> tuple[list[float], bool]:
    length, sign = float(len(query.encode())), -1.0 if QUERIES[query] else 1.0
    return [sign * length, sign], length > 3.0 and sign > 0.0


@pytest.mark.parametrize("queries", [[], list(QUERIES), list(QUERIES)[::-1], *([query] for query in QUERIES)])
def test_each_query_is_read_by_itself(queries: list[str]) -> None:
    vectors, known = EMBED(tf.constant(queries, tf.string, [len(queries)]))
    assert vectors.shape == (len(queries), 2)
    for query, vector, knows in zip(queries, vectors.numpy().tolist(), known.numpy().tolist(), strict=True):
        assert (vector, knows) == expected(query), query
    assert np.isfinite(vectors).all()
