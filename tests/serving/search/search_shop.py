"""A small shop to search in, and the answers worked out in plain Python."""

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.graph.words import plain_words, singular_words, split_words
from serving.index.exact import ExactIndex
from serving.search.module import SearchModule
from serving.search.personal.asked_before import AskedQueries
from serving.search.personal.features import PersonalProducts
from serving.search.personal.reranking import PersonalModel
from serving.search.ranking import Fusion
from tests.random_head import encoder_with_random_head
from tests.serving.graph.plain_words import PlainBm25
from tests.serving.recommendation.small_shop import EVENT_TYPES, HISTORY_LENGTH, small_catalogue, under_category
from tests.serving.search.plain_distance import plain_corrected
from trainer.clusters.fused_vectors import VectorFusion
from trainer.clusters.products import ProductClusters
from trainer.options import TextOptions
from trainer.search.encoder import SearchEncoder, text_embedder
from trainer.search.groups.names import group_names
from trainer.search.index.build import build_module
from trainer.search.index.corrections import known_words
from trainer.search.index.postings import build_postings
from trainer.search.index.shoppers_words import ShoppersWords
from trainer.search.options import LexicalOptions, SearchServingOptions
from trainer.text.backbone import load_text_encoder

PRODUCTS = 40
# Words that are not spelt wrong though no product has them.
KNOWN = ["breed", "the"]
# What a dictionary adds: what the shop calls two nouns that it lacks, and a word that is not misspelt bread.
VOCABULARY = ShoppersWords(known_words(["breadth"]), {"nappy": "green tea", "ice lolly": "cheese"})
DEFAULT_K = 5
BOTH, DENSE, LEXICAL = Fusion(dense=1.0, lexical=0.7), Fusion(dense=1.0, lexical=0.0), Fusion(dense=0.0, lexical=1.0)

ODD_TITLES = [
    "",
    "!!!",
    "牛奶 2.5",
    "红茶 牛奶 tea",
    "Ｆｕｌｌ ｗｉｄｔｈ tea",
    "Kids' Cereals™ 1½ oz",
    "Tea [green]\n12 oz",
]
# SKUs of some products, by their place.
SKUS = {3: "24-MB01", 4: "24MB01", 5: "24.mb.01", 6: "Größe-L", 7: "red tea", 8: "1-2", 9: "400-6381"}
KINDS, COLOURS = ["Milk", "Bread", "Tea", "Coffee", "Apples", "Cheese"], ["red", "green", "big", "small"]


@dataclass
class Search:
    """One query with its filters, in plain values."""

    query: str
    k: int = DEFAULT_K
    category: str = ""
    max_price: float = 0.0
    in_stock_only: bool = False
    exclude: Sequence[str] = field(default_factory=list)


def searched_catalogue() -> pa.Table:
    """The small shop with titles that can be searched for; a text is title and category."""
    catalogue = small_catalogue(PRODUCTS)
    titles = ODD_TITLES + [
        f"{COLOURS[place % 4]} {KINDS[place % 6]} {'abcde'[place % 5]} {place % 7}/2 oz"
        for place in range(PRODUCTS - len(ODD_TITLES))
    ]
    texts = [" ".join(filter(None, pair)) for pair in zip(titles, catalogue["category"].to_pylist(), strict=True)]
    place = catalogue.column_names.index("title")
    catalogue = catalogue.set_column(place, "title", pa.array(titles)).append_column("text", pa.array(texts))
    return catalogue.append_column("sku", pa.array([SKUS.get(row) for row in range(PRODUCTS)], pa.string()))


def small_search_encoder(bert: Path) -> SearchEncoder:
    """A BERT with a head that changes the vectors."""
    text_encoder = load_text_encoder(TextOptions(backbone=str(bert), sequence_length=32))
    return encoder_with_random_head(text_encoder, searched_catalogue()["text"].to_pylist(), seed=5)


def had_first(features: tf.Tensor) -> tf.Tensor:
    """The search's score, and far more for what was had."""
    names = had_first.features
    return features[..., names.index("score")] + 100.0 * features[..., names.index("had before")]


had_first.features = (  # type: ignore[attr-defined]
    "score",
    "score beside the best",
    "meaning",
    "meaning beside the best",
    "asked before",
    "asked before beside the best",
    "rank",
    "popularity",
    "popularity beside the mean",
    "rating",
    "in stock",
    "price beside the mean",
    "taste beside the mean",
    "had before",
    "share of the category",
    "share of the category beside the mean",
    "share of the brand",
    "share of the brand beside the mean",
    "price beside the usual",
    "price beside the usual and the mean",
    "events of the shopper",
)


class PlainSearch:
    """Works scores out a second way: every product's cosine in NumPy and BM25 by its formula."""

    def __init__(self, encoder: SearchEncoder) -> None:
        self.encoder = encoder
        self.rows = searched_catalogue().to_pylist()
        self.texts = [row["text"] for row in self.rows]
        self.place = {row["product_id"]: place for place, row in enumerate(self.rows)}
        self.vectors = encoder.embed(self.texts, 16)
        self.clusters = ProductClusters(
            cluster_ids=np.zeros(PRODUCTS, np.int32),
            labels=["all"],
            centroids=self.vectors.mean(axis=0, keepdims=True),
            parents=np.zeros(1, np.int32),
            parent_labels=["all"],
            fusion=VectorFusion(),
        )
        titles, categories = ([row[name] for row in self.rows] for name in ("title", "category"))
        self.groups = group_names(titles, categories, np.arange(PRODUCTS))
        words = words_of(self.texts)
        self.bm25 = PlainBm25(words)
        self.frequency = Counter(word for row in words for word in set(row))

    def module(
        self,
        fusion: Fusion = BOTH,
        embedder: Any = None,
        vectors: np.ndarray | None = None,
        personal: PersonalModel | None = None,
    ) -> SearchModule:
        """The module that is tested; `embedder` and `vectors` may be those of a loaded model."""
        return build_module(
            searched_catalogue(),
            personal=personal,
            embedder=embedder or text_embedder(self.encoder),
            index=ExactIndex(self.vectors if vectors is None else vectors),
            postings=build_postings(self.texts, LexicalOptions()),
            known_words=known_words(KNOWN),
            vocabulary=VOCABULARY,
            groups=self.groups,
            fusion=fusion,
            options=SearchServingOptions(default_k=DEFAULT_K),
        )

    def what_was_had_first(self) -> PersonalModel:
        """A reranker that puts what is in the history before all else, and leaves the rest as it is."""
        nothing = np.zeros(PRODUCTS)
        return PersonalModel(
            products=PersonalProducts(
                kinds=nothing, brands=nothing, prices=nothing, ratings=nothing, in_stock=nothing, popularity=nothing
            ),
            asked=AskedQueries(vectors=self.vectors[:1], products=[[-1]], weights=[[0.0]]),
            event_types=EVENT_TYPES,
            bought_event_type="purchase",
            history_length=HISTORY_LENGTH,
            scorer=had_first,
        )

    def dense(self, query: str) -> np.ndarray:
        """The cosine of every product."""
        cosines: np.ndarray = self.vectors @ self.embed(query)
        return cosines

    def embed(self, query: str) -> np.ndarray:
        """The vector of a query, of which a control character is a space."""
        visible = "".join(" " if character < " " else character for character in query)
        return self.encoder.embed([self.meant(visible)], 1)[0]

    def meant(self, query: str) -> str:
        """The query, or its words where one of them is spelt wrong."""
        typed = plain_words(tf.constant([query]))
        words = [word.decode() for word in singular_words(typed).to_list()[0]]
        right = [word if word in KNOWN else plain_corrected(word, self.frequency) for word in words]
        if right == words:
            return query
        pairs = zip(typed.to_list()[0], words, right, strict=True)
        return " ".join(new if new != old else word.decode() for word, old, new in pairs)

    def lexical(self, query: str) -> np.ndarray:
        """The share of the query's rare words that every product has."""
        words = words_of([query])[0]
        return self.bm25.scores([word if word in KNOWN else plain_corrected(word, self.frequency) for word in words])

    def closeness(self, query: str) -> np.ndarray:
        """2 for each product of which the query is the id or the SKU, 1 for one of which it nearly is."""
        return np.array(
            [float(max(closeness(query, row["product_id"]), closeness(query, row["sku"] or ""))) for row in self.rows]
        )

    def scores(self, search: Search, fusion: Fusion = BOTH) -> dict[str, float]:
        """The score of every product that passes the filters, by id."""
        scores = fusion.dense * self.dense(search.query) + fusion.lexical * self.lexical(search.query)
        scores = scores + self.closeness(search.query) * (1.0 + 4.0 * fusion.dense + fusion.lexical)
        return {
            row["product_id"]: float(score)
            for row, score in zip(self.rows, scores, strict=True)
            if row["product_id"] not in search.exclude
            and (not search.category.strip() or under_category(row["category"], search.category))
            and (not search.max_price > 0 or (not math.isnan(row["price"]) and row["price"] <= search.max_price))
            and (not search.in_stock_only or row["in_stock"])
        }


def closeness(query: str, code: str) -> int:
    """How close a query is to a code, in plain Python: 2, 1 or 0."""
    asked = "".join(" " if character < " " else character for character in query).strip()
    if asked and asked == code:
        return 2
    return int(plain_code(asked) == plain_code(code) != "")


def plain_code(text: str) -> str:
    """What is left of a code without case, accents and separators, unless that is a short number."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    text = unicodedata.normalize("NFKC", "".join(each for each in decomposed if not "\u0300" <= each <= "\u036f"))
    joined = "".join(each for each in text if unicodedata.category(each)[0] in "LMN")
    return text if not joined or (joined.isdigit() and len(joined) < 6) else joined


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words of texts as the index has them; how they come about is tested with them."""
    return [[word.decode() for word in row] for row in split_words(tf.constant(texts)).to_list()]


def search_inputs(searches: Sequence[Search]) -> dict[str, np.ndarray]:
    """Inputs of `filtered`."""
    excluded = np.full((len(searches), 100), b"", object)
    for row, search in zip(excluded, searches, strict=True):
        row[: len(search.exclude)] = [product_id.encode() for product_id in search.exclude]
    return {
        "query": texts([search.query for search in searches]),
        "k": np.array([search.k for search in searches], np.int32),
        "category": texts([search.category for search in searches]),
        "max_price": np.array([search.max_price for search in searches], np.float32),
        "in_stock_only": np.array([search.in_stock_only for search in searches], bool),
        "exclude_ids": excluded,
    }


def texts(values: Sequence[str | bytes]) -> np.ndarray:
    """Texts as a string input."""
    array = np.empty(len(values), object)
    array[:] = [value.encode() if isinstance(value, str) else value for value in values]
    return array


def assert_best(actual: list[tuple[str, float]], scores: dict[str, float], k: int) -> None:
    """Checks that the `k` best products came, best first; those whose scores are equal in any order."""
    ids = [product_id for product_id, _ in actual]
    assert len(set(ids)) == len(ids) == min(max(k, 0), len(scores))
    found = np.array([score for _, score in actual])
    np.testing.assert_allclose(found, [scores[product_id] for product_id in ids], atol=1e-4)
    np.testing.assert_allclose(found, sorted(scores.values(), reverse=True)[: len(ids)], atol=1e-4)
