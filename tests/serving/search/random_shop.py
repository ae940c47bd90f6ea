"""Random catalogues whose products share texts and things, and what must be found in them, in plain Python."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.graph.text_embedder import TextEmbedder
from serving.index.exact import ExactIndex
from serving.merchant.word import SAYS_NOTHING, MerchantWord
from serving.search.module import SearchModule
from serving.search.ranking import Fusion
from tests.serving.graph.plain_words import PlainBm25, ascii_words, singular
from tests.serving.search.plain_distance import plain_corrected
from tests.serving.search.search_shop import Search
from trainer.artifacts.catalogue import distinct_texts
from trainer.search.groups.names import group_names
from trainer.search.index.build import build_module
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions, SearchServingOptions
from trainer.things import things_of

DIMENSIONS = 16
WORDS = ("tea", "milk", "bread", "green", "red", "oolong", "whole", "rye", "jam", "fig")


_VECTORS = np.random.default_rng(0).normal(size=(4096, DIMENSIONS)).astype(np.float32)


def encode(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Vectors that differ for texts that differ, mostly, and tell nothing."""
    vectors = tf.gather(tf.constant(_VECTORS), tf.strings.to_hash_bucket_fast(texts, len(_VECTORS)))
    return tf.math.l2_normalize(vectors, axis=1), texts != ""


@dataclass(frozen=True)
class RandomShop:
    """A catalogue, how it is collapsed and how both sides are weighed."""

    catalogue: pa.Table
    collapse: str
    fusion: Fusion

    def module(self, merchant: MerchantWord = SAYS_NOTHING, *, undisguise: bool = False) -> SearchModule:
        """The model that is served, with what a merchant says."""
        _, texts = distinct_texts(self.catalogue["text"].to_pylist())
        embedder = TextEmbedder(encode, [])
        return build_module(
            self.catalogue,
            embedder=embedder,
            index=ExactIndex(encode(tf.constant(texts))[0].numpy()),
            postings=build_postings(texts, LexicalOptions()),
            known_words=np.zeros(0, np.int64),
            groups=group_names(
                self.catalogue["title"].to_pylist(),
                self.catalogue["category"].to_pylist(),
                distinct_texts(self.catalogue["text"].to_pylist())[0],
            ),
            fusion=self.fusion,
            options=SearchServingOptions(collapse=self.collapse, undisguise=undisguise),
            merchant=merchant,
        )

    def scores(self, query: str) -> np.ndarray:
        """The score of every product, by all of its text and nothing else."""
        rows, texts = distinct_texts(self.catalogue["text"].to_pylist())
        words = [[singular(word) for word in ascii_words(text)] for text in texts]
        frequency = Counter(word for row in words for word in set(row))
        asked = encode(tf.constant([query]))[0].numpy()[0]
        shares = PlainBm25(words).scores([plain_corrected(singular(word), frequency) for word in ascii_words(query)])
        scores = self.fusion.dense * (encode(tf.constant(texts))[0].numpy() @ asked) + self.fusion.lexical * shares
        found: np.ndarray = scores[rows]
        return found

    def passing(self, search: Search) -> np.ndarray:
        """Whether the filters let each product pass."""
        columns = self.catalogue.to_pydict()
        return np.array(
            [
                (not search.category or category == search.category)
                and (search.max_price <= 0.0 or price <= search.max_price)
                and (in_stock or not search.in_stock_only)
                and product_id not in search.exclude
                for product_id, category, price, in_stock in zip(
                    *(columns[name] for name in ("product_id", "category", "price", "in_stock")), strict=True
                )
            ]
        )

    def check(self, search: Search, answer: list[tuple[str, float, str, int]]) -> None:
        """Checks one answer: ids, scores, titles and variants without padding."""
        ids, texts = (self.catalogue[name].to_pylist() for name in ("product_id", "text"))
        things, scores, passing = (
            things_of(self.catalogue, self.collapse),
            self.scores(search.query),
            self.passing(search),
        )
        best = {thing: scores[passing & (things == thing)].max() for thing in set(things[passing].tolist())}
        sizes = Counter(things[passing].tolist())
        assert len(answer) == min(max(search.k, 0), len(best))
        places = [ids.index(product_id) for product_id, *_ in answer]
        found = [int(things[place]) for place in places]
        assert len(set(found)) == len(found)
        given = [score for _, score, _, _ in answer]
        np.testing.assert_allclose(given, sorted(best.values(), reverse=True)[: len(given)], atol=1e-4)
        np.testing.assert_allclose(given, [best[thing] for thing in found], atol=1e-4)
        for place, thing, (_, _, title, variants) in zip(places, found, answer, strict=True):
            assert passing[place]
            assert title == self.catalogue["title"][place].as_py()
            assert variants == sizes[thing]
            # Of the products of its text, the first that passes stands for the thing.
            alike = [row for row, text in enumerate(texts) if text == texts[place] and things[row] == thing]
            assert place == next(row for row in alike if passing[row])

    def with_collapse(self, collapse: str) -> "RandomShop":
        """The same shop, collapsed otherwise."""
        return replace(self, collapse=collapse)


def random_shop(
    seed: int, products: int, *, titles: int, texts_a_title: int, collapse: str, fusion: Fusion
) -> RandomShop:
    """A shop whose first half is one title where `titles` is 1, and one of some titles elsewhere."""
    random = np.random.default_rng(seed)
    names = [f"{random.choice(WORDS)} {random.choice(WORDS)} {number}" for number in range(titles)]
    chosen = [names[place] for place in random.integers(titles, size=products)]
    texts = [
        f"{title} {'abcdefghij'[place % 10]}{place // 10}"
        for title, place in zip(chosen, random.integers(texts_a_title, size=products), strict=True)
    ]
    return RandomShop(
        pa.table(
            {
                "product_id": [f"id {place:04d}" for place in range(products)],
                "sku": [f"SKU-{place // 2:05d}" for place in range(products)],
                "title": chosen,
                "category": random.choice(["Food", "Drinks", ""], products),
                "price": pa.array(random.uniform(1.0, 9.0, products), pa.float32()),
                "in_stock": random.uniform(size=products) < 0.5,
                "parent_id": [
                    f"parent {place}" if place % 3 else ""
                    for place in random.integers(products // 5 + 1, size=products)
                ],
                "text": texts,
            }
        ),
        collapse,
        fusion,
    )
