"""A small shop, a stand-in for a user tower, and the answers worked out in plain Python."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from serving.max_k import DEFAULT_MAX_K
from serving.recommendation.module import RecommendationModule
from serving.recommendation.together import ServedRules
from trainer.recommendation.export import export_recommendation, served_catalogue
from trainer.recommendation.options import ServingOptions

EVENT_TYPES = ["view", "cart", "purchase"]
HISTORY_LENGTH = 8
TOWER_HISTORY = 4
DIMENSIONS = 6
DEFAULT_K = 5

ODD_IDS = [
    "with space",
    "a/b\\c",
    "line\nbreak\r\n",
    "tab\t",
    "nul\0",
    "nul\0\0",
    "😀🛒",
    "牛奶",
    "é",
    "e\u0301",
    "x" * 300,
    " ",
    "0",
    "-1",
]
CATEGORIES = ["Home > Kitchen", "Home > Kitchen > Pots", "Home", "Homes", "Garden > Home", "", "厨房 > 锅"]


def small_catalogue(products: int = 40) -> pa.Table:
    """A catalogue in the columns of the Catalogue artifact, with odd ids among them."""
    random = np.random.default_rng(7)
    ids = sorted([*ODD_IDS, *(f"P{number:03d}" for number in range(products - len(ODD_IDS)))], key=str.encode)
    prices = random.uniform(1.0, 50.0, products).astype(np.float32)
    prices[::7] = np.nan
    return pa.table(
        {
            "product_id": ids,
            "title": [f"title of {position} 茶" for position in range(products)],
            "category": [CATEGORIES[position % len(CATEGORIES)] for position in range(products)],
            "price": pa.array(prices, pa.float32()),
            "in_stock": random.uniform(size=products) < 0.7,
            "popularity": random.permutation(products).astype(np.float64),
        }
    )


def item_vectors(products: int = 40) -> np.ndarray:
    """Unit vectors, float32."""
    vectors = np.random.default_rng(8).normal(size=(products, DIMENSIONS))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def text_vectors(products: int = 40) -> np.ndarray:
    """Vectors of texts, float32, of any length."""
    return np.random.default_rng(10).normal(size=(products, 3)).astype(np.float32)


def small_rules(products: int = 40) -> ServedRules:
    """Random rules of one to three members on the left, strongest where lift is high; product 5 leads to nothing."""
    random = np.random.default_rng(9)
    members = [
        random.choice(np.delete(np.arange(products), 5), size=1 + int(random.integers(1, 4)), replace=False)
        for _ in range(6 * products)
    ]
    lift = random.permutation(len(members)).astype(np.float32) / 10 + 0.5
    return ServedRules(
        antecedent=[[*row[1:], *[-1] * (4 - len(row))] for row in members],
        consequent=[row[0] for row in members],
        confidence=random.uniform(0.01, 1.0, len(members)).astype(np.float32),
        lift=lift,
        strength=lift,
    )


def stand_in_tower() -> Any:
    """A causal user tower with weights: sums what came before, and adds type and gap."""
    import keras

    class StandInTower(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mix = keras.layers.Dense(DIMENSIONS, use_bias=False)
            self.types = keras.layers.Embedding(len(EVENT_TYPES), DIMENSIONS)
            self.dropout = keras.layers.Dropout(0.5)

        def call(self, vectors: Any, types: Any, gaps: Any, mask: Any, training: bool = False) -> Any:
            events = vectors + self.types(types) + keras.ops.log1p(gaps)[..., None]
            summed = keras.ops.cumsum(keras.ops.where(mask[..., None], events, 0.0), axis=1)
            return self.dropout(self.mix(summed), training=training)

    keras.utils.set_random_seed(3)
    tower = StandInTower()
    tower(np.zeros((1, 2, DIMENSIONS)), np.zeros((1, 2), "int32"), np.zeros((1, 2)), np.ones((1, 2), bool))
    return tower


def export_small_shop(folder: Path, tower: Any, products: int = 40) -> None:
    """Writes the shop as a SavedModel."""
    export_recommendation(
        str(folder),
        catalogue=small_catalogue(products),
        tower_vectors=item_vectors(products),
        linear_vectors=np.zeros((products, 0), np.float32),
        user_tower=tower,
        event_types=EVENT_TYPES,
        bought_event_type="purchase",
        tower_history=TOWER_HISTORY,
        serving=ServingOptions(history_length=HISTORY_LENGTH, default_k=DEFAULT_K),
        text_vectors=text_vectors(products),
        together=small_rules(products),
        model_card={"limits": {"default_k": DEFAULT_K}, "title": "Small shop 店"},
    )


def small_module(tower: Any, max_k: int = DEFAULT_MAX_K, products: int = 40) -> RecommendationModule:
    """The shop before it is saved, without what a tower of Keras needs to be saved."""
    return RecommendationModule(
        served_catalogue(
            small_catalogue(products),
            item_vectors(products),
            np.zeros((products, 0), np.float32),
            recommendable=np.ones(products, np.bool_),
            thing_of_product=np.arange(products),
        ),
        event_types=EVENT_TYPES,
        bought_event_type="purchase",
        history_length=HISTORY_LENGTH,
        tower_history=TOWER_HISTORY,
        default_k=DEFAULT_K,
        user_encoder=lambda *arguments: tower(*arguments, training=False),
        together=small_rules(products),
        max_k=max_k,
    )


@dataclass
class Ask:
    """One user's request, in plain values."""

    ids: Sequence[str] = ()
    types: Sequence[str] = ()
    ages: Sequence[float] = ()
    k: int = DEFAULT_K
    category: str = ""
    max_price: float = 0.0
    in_stock_only: bool = False
    exclude: Sequence[str] = field(default_factory=list)
    include_bought: bool = True


def history_inputs(asks: Sequence[Ask], width: int = HISTORY_LENGTH) -> dict[str, np.ndarray]:
    """Inputs of `serving_default`."""
    return {
        "history_ids": _texts([ask.ids for ask in asks], width),
        "history_types": _texts([ask.types for ask in asks], width),
        "history_age_seconds": np.array(
            [[*ask.ages, *[0.0] * (width - len(ask.ages))] for ask in asks], np.float32
        ).reshape(len(asks), width),
    }


def filtered_inputs(asks: Sequence[Ask]) -> dict[str, np.ndarray]:
    """Inputs of `filtered`."""
    return {
        **history_inputs(asks),
        "k": np.array([ask.k for ask in asks], np.int32),
        "category": _texts([[ask.category] for ask in asks], 1)[:, 0],
        "max_price": np.array([ask.max_price for ask in asks], np.float32),
        "in_stock_only": np.array([ask.in_stock_only for ask in asks], bool),
        "exclude_ids": _texts([ask.exclude for ask in asks], 100),
        "include_bought": np.array([ask.include_bought for ask in asks], bool),
    }


class PlainShop:
    """Works the answers out a second way: loops and a full sort in Python, the tower called directly."""

    def __init__(self, tower: Any, products: int = 40) -> None:
        self.tower = tower
        self.rows = small_catalogue(products).to_pylist()
        self.vectors = item_vectors(products)
        self.place = {row["product_id"]: position for position, row in enumerate(self.rows)}
        self.titles = {row["product_id"]: row["title"] for row in self.rows}

    def user_vector(self, ask: Ask) -> np.ndarray | None:
        """The tower's output at the latest known event, for a row without padding; None without one."""
        events = []
        for position, product_id in enumerate(ask.ids):
            if product_id not in self.place:
                continue
            name = ask.types[position] if position < len(ask.types) else ""
            age = ask.ages[position] if position < len(ask.ages) else 0.0
            events.append(
                (
                    self.place[product_id],
                    EVENT_TYPES.index(name if name in EVENT_TYPES else "purchase"),
                    age if math.isfinite(age) and age > 0 else 0.0,
                )
            )
        events = events[-TOWER_HISTORY:]
        if not events:
            return None
        ages = [age for _, _, age in events] + [0.0]
        output = self.tower(
            self.vectors[[product for product, _, _ in events]][None],
            np.array([[kind for _, kind, _ in events]], np.int32),
            np.array([[max(ages[i] - ages[i + 1], 0.0) for i in range(len(events))]], np.float32),
            np.ones((1, len(events)), bool),
        )
        return np.asarray(output)[0, -1]

    def recommend(self, ask: Ask) -> list[tuple[str, float]]:
        """Ids and scores, best first."""
        user = self.user_vector(ask)
        if user is None:
            logs = [math.log1p(row["popularity"]) for row in self.rows]
            scores = [value / max(logs) for value in logs]
        else:
            scores = [float(np.dot(vector, user)) for vector in self.vectors]
        left_out = set(ask.exclude)
        if not ask.include_bought:
            left_out |= {
                product_id
                for position, product_id in enumerate(ask.ids)
                if position >= len(ask.types) or ask.types[position] not in ("view", "cart")
            }
        allowed = [
            position
            for position, row in enumerate(self.rows)
            if row["product_id"] not in left_out
            and (not ask.category.strip() or under_category(row["category"], ask.category))
            and (not ask.max_price > 0 or row["price"] <= ask.max_price)
            and (not ask.in_stock_only or row["in_stock"])
        ]
        best = sorted(allowed, key=lambda position: -scores[position])[: max(ask.k, 0)]
        return [(self.rows[position]["product_id"], scores[position]) for position in best]

    def similar(self, product_id: str, k: int) -> list[tuple[str, float]]:
        """Ids and scores of what is most like a product, best first."""
        asked = self.place[product_id]
        texts = text_vectors(len(self.rows))
        texts /= np.linalg.norm(texts, axis=1, keepdims=True)
        levels = [[level for level in row["category"].split(" > ") if level] for row in self.rows]
        trust = [math.sqrt(row["popularity"] / (row["popularity"] + 200.0)) for row in self.rows]
        scores = {}
        for other in range(len(self.rows)):
            text = float(texts[asked] @ texts[other])
            shared = sum(levels[asked][:depth] == levels[other][:depth] for depth in range(1, len(levels[asked]) + 1))
            behaviour = trust[asked] * trust[other] * float(self.vectors[asked] @ self.vectors[other])
            scores[other] = text + 0.6 * shared / max(len(levels[asked]), 1) + 0.5 * behaviour
        best = sorted((other for other in scores if other != asked), key=lambda other: -scores[other])[: max(k, 0)]
        return [(self.rows[other]["product_id"], scores[other]) for other in best]

    def together(self, ids: Sequence[str], k: int) -> list[tuple[str, float, float]]:
        """Ids, confidences and lifts of what the rules say, the strongest first, and then of what the tower expects."""
        found = self.by_rules(ids, k)
        known = [product_id for product_id in ids if product_id in self.place]
        ruled = {product_id for product_id, *_ in found}
        others = self.recommend(Ask(known, k=len(self.rows), exclude=[*known, *ruled])) if known else []
        return [*found, *((product_id, 0.0, 0.0) for product_id, _ in others)][: max(k, 0)]

    def by_rules(self, ids: Sequence[str], k: int) -> list[tuple[str, float, float]]:
        """Ids, confidences and lifts of what the rules say, the strongest first."""
        asked = {self.place[product_id] for product_id in ids if product_id in self.place}
        rules = small_rules(len(self.rows))
        columns = (rules.antecedent, rules.consequent, rules.confidence, rules.lift, rules.strength)
        best: dict[int, tuple[float, float, float]] = {}
        for antecedent, consequent, confidence, lift, strength in zip(*columns, strict=True):
            if {member for member in antecedent if member >= 0} <= asked and consequent not in asked:
                best[consequent] = max(best.get(consequent, (-1.0, 0.0, 0.0)), (strength, confidence, lift))
        order = sorted(best, key=lambda product: -best[product][0])[: max(k, 0)]
        return [(self.rows[product]["product_id"], *best[product][1:]) for product in order]


def rows_of(outputs: dict[str, Any]) -> list[list[tuple[str, float]]]:
    """An answer as ids and scores, without padding; checks that the padding is at the end."""
    rows = []
    shown = [np.asarray(outputs[name]) for name in ("product_ids", "scores")]
    for ids, scores, titles in zip(*shown, np.asarray(outputs.get("titles", shown[0])), strict=True):
        known = [position for position, product_id in enumerate(ids) if product_id != b""]
        assert known == list(range(len(known)))
        assert np.isneginf(scores[len(known) :]).all()
        # Some signatures have no titles.
        assert all(title == b"" for title in titles[len(known) :])
        rows.append([(ids[position].decode(), float(scores[position])) for position in known])
    return rows


def assert_same(actual: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    """Same products in the same order, scores within 1e-4."""
    assert [product_id for product_id, _ in actual] == [product_id for product_id, _ in expected]
    np.testing.assert_allclose([score for _, score in actual], [score for _, score in expected], atol=1e-4)


def under_category(category: str, asked: str) -> bool:
    """Whether a category begins with the levels that are asked for."""
    levels, wanted = category.split(" > "), asked.strip().split(" > ")
    return levels[: len(wanted)] == wanted


def _texts(rows: Sequence[Sequence[str]], width: int) -> np.ndarray:
    array = np.full((len(rows), width), b"", object)
    for place, row in enumerate(rows):
        for position, text in enumerate(row):
            array[place, position] = text.encode()
    return array
