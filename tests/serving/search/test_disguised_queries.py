"""Queries disguised to get past a search are read as they were meant where the catalogue knows more of them then."""

import numpy as np
import pytest
import tensorflow as tf

from serving.search.module import SearchModule
from serving.search.ranking import Fusion
from tests.serving.search.random_shop import random_shop
from tests.serving.search.test_query_embedder import embedder, reader

TEXTS = ["AAA batteries", "Light bulb", "Size X L rug", "Чайник red", "Toothbrush"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("l i g h t bulb", "light bulb"),
        ("ＬＩＧＨＴ bulb", "ＬＩＧＨＴ bulb"),
        ("tооthbrush", "toothbrush"),
        ("liiiiight bulb", "liight bulb"),
        # What the catalogue has, or nobody knows better, stays.
        ("AAA batteries", "AAA batteries"),
        ("a b c rug", "a b c rug"),
        ("red чайник", "red чайник"),
        ("zzzz", "zz"),
        ("", ""),
    ],
)
def test_queries_are_read_as_they_were_meant(typed: str, read: str) -> None:
    undisguising = reader(embedder(1.0), embedder(1.0), TEXTS, undisguises=True)
    beside = "another query, which is longer"
    assert [each.decode() for each in undisguising.beginning(tf.constant([typed, beside])).numpy()] == [read, beside]
    plain = reader(embedder(1.0), embedder(1.0), TEXTS)
    assert plain.beginning(tf.constant([typed])).numpy()[0].decode() == typed


def test_what_is_served_and_judged_reads_them_alike() -> None:
    shop = random_shop(3, 40, titles=40, texts_a_title=1, collapse="none", fusion=Fusion(dense=1.0, lexical=0.7))

    def found(module: SearchModule, query: str) -> list[np.ndarray]:
        judged = module.evaluate(tf.constant([query]), tf.constant([40]))
        return [module.search(tf.constant([query]))["product_ids"].numpy()[0], judged["product_ids"].numpy()[0]]

    hardened = shop.module(undisguise=True)
    meant = found(hardened, "green tea")
    for query in ("g r e e n teа", "greeeeen tea"):
        assert [each.tolist() for each in found(hardened, query)] == [each.tolist() for each in meant]
