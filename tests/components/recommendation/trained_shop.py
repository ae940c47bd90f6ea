"""Artifacts as RecommendationExamples and the Trainer leave them, for a shop of a few products."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, standard_artifacts

from components.artifacts import AssociationRules, Catalogue, TextVectors
from components.products.catalogue import write_catalogue, write_catalogue_facts
from components.recommendation.examples.product_statistics import (
    STATISTICS,
    statistics_column,
    write_product_statistics,
)
from components.recommendation.index import RecommendationIndexExecutor, RecommendationIndexOptions
from components.rules.categories.steps import CATEGORY_PRODUCTS_SCHEMA
from components.rules.facts import write_rules_facts
from components.rules.rule_tables import RULES_SCHEMA
from serving.recommendation.neighbours import NeighbourTable
from serving.recommendation.ranking_features import TOWER_FEATURES, RankedProducts, RankingFeatures
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
from trainer.artifacts.keras_files import save_keras
from trainer.fitting.training_summary import write_training_summary
from trainer.options import TextOptions
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.options import RankerTrainingOptions, ServingOptions, TowerOptions
from trainer.recommendation.ranker.neighbours import save_neighbours
from trainer.recommendation.ranker.scorer import RankerScorer
from trainer.recommendation.ranker.trained_ranker import RANKER, WITH_RULES, WITHOUT_TOWERS, scorer_file
from trainer.recommendation.towers.towers import build_towers, save_towers
from trainer.text.backbone import load_text_encoder

PRODUCTS = 30
EVENT_TYPES = ["view", "purchase"]
OPTIONS = RecommendationIndexOptions(
    serving=ServingOptions(history_length=12, default_k=4), rows_at_once=8, model_card={"metrics": {"ndcg_at_10": 0.5}}
)


def artifact(kind: type[Artifact], folder: Path) -> Artifact:
    """An artifact at a folder."""
    made = kind()
    made.uri = str(folder)
    return made


def write_shop_catalogue(folder: Path) -> Artifact:
    """Thirty products, two of which share a text."""
    folder.mkdir(parents=True)
    words = ["milk", "bread", "tea", "coffee", "苹 果"]
    ids = [f"{number:02d}/\n😀 id" for number in range(PRODUCTS)]
    texts = [f"{words[number % 5]} {number // 2}" for number in range(PRODUCTS)]
    texts[1] = texts[0]
    table = pa.table(
        {
            "product_id": ids,
            "title": texts,
            "category": ["Food > Fresh" if number % 2 else "Food" for number in range(PRODUCTS)],
            "brand": [""] * PRODUCTS,
            "price": pa.array([float("nan"), *np.arange(1, PRODUCTS)], pa.float32()),
            "in_stock": [number % 3 > 0 for number in range(PRODUCTS)],
            "text": texts,
            "event_count": pa.array(range(PRODUCTS), pa.int64()),
            "popularity": pa.array(range(PRODUCTS), pa.float64()),
        }
    )
    write_catalogue(str(folder), table)
    counts = {
        statistics_column(name, moment): np.arange(PRODUCTS, dtype=float) for name in STATISTICS for moment in (0, 1)
    }
    ids_as_bytes = pa.array([product_id.encode() for product_id in ids])
    write_product_statistics(str(folder), pa.table({"product_id": ids_as_bytes, **counts}), table["product_id"])
    facts = {"event_types": EVENT_TYPES, "event_weights": [1.0, 1.0], "bought_event_type": "purchase"}
    write_catalogue_facts(str(folder), {**facts, "counts": {"products": PRODUCTS}})
    return artifact(Catalogue, folder)


def write_text_vectors(folder: Path, catalogue: Artifact) -> Artifact:
    """A random vector for each distinct text."""
    folder.mkdir(parents=True)
    texts = sorted(set(pq.read_table(Path(catalogue.uri) / "catalogue.parquet").column("text").to_pylist()))
    vectors = np.random.default_rng(0).normal(size=(len(texts), 16)).astype(np.float32)
    table = pa.table({"text": texts, "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
    pq.write_table(table, folder / "vectors-00000-of-00001.parquet")
    return artifact(TextVectors, folder)


def write_trained(
    folder: Path, catalogue: Artifact, text_vectors: Artifact | None = None, backbone: Path | None = None
) -> Artifact:
    """Towers with fresh weights; `backbone` makes the text encoder one of the trained parts."""
    folder.mkdir(parents=True)
    encoder = load_text_encoder(TextOptions(backbone=str(backbone), sequence_length=16)) if backbone else None
    items = load_items(catalogue.uri, None, text_vectors and text_vectors.uri, encoder)
    towers = build_towers(TowerOptions(dimensions=8, history=5), items, len(EVENT_TYPES))
    linear_vectors = np.random.default_rng(1).normal(size=(PRODUCTS, 3)).astype(np.float32)
    save_towers(towers._replace(linear_vectors=linear_vectors, text_encoder=encoder), str(folder))
    write_training_summary({"epochs": 1}, str(folder))
    return artifact(standard_artifacts.Model, folder)


def write_rules(folder: Path, catalogue: Artifact) -> Artifact:
    """Three rules of products, one of them of two members, one of categories, and a product that goes with Food."""
    folder.mkdir(parents=True)
    ids = pq.read_table(Path(catalogue.uri) / "catalogue.parquet").column("product_id").to_pylist()
    sides = [([ids[1]], ids[2]), ([ids[1]], ids[3]), ([ids[1], ids[4]], ids[0]), (["Food"], "Food > Fresh")]
    rows = [
        {
            **dict.fromkeys(RULES_SCHEMA.names),
            "level": "product" if number < 3 else "category",
            "antecedent": antecedent,
            "consequent": consequent,
            "confidence": 0.2 + 0.1 * number,
            "lift": 5.0 - number,
        }
        for number, (antecedent, consequent) in enumerate(sides)
    ]
    pq.write_table(pa.Table.from_pylist(rows, RULES_SCHEMA), folder / "rules-00000-of-00001.parquet")
    of_food = {"category": "Food", "product_id": ids[9], "count": 5, "category_count": 10, "confidence": 0.5}
    more = pa.Table.from_pylist([{**of_food, "lift": 2.0, "surplus": 0.25}], CATEGORY_PRODUCTS_SCHEMA)
    pq.write_table(more, folder / "category_products-00000-of-00001.parquet")
    write_rules_facts(
        str(folder), {"options": {"order": "lift", "levels": ["product", "category"], "products_per_category": 40}}
    )
    return artifact(AssociationRules, folder)


def write_ranker(folder: Path) -> Artifact:
    """A ranker with fresh weights, as trainer.recommendation.ranker.training leaves it."""
    folder.mkdir(parents=True)
    scorers = {
        RANKER: {"towers": True, "rules": False},
        WITHOUT_TOWERS: {"towers": False, "rules": False},
        WITH_RULES: {"towers": True, "rules": True},
    }
    options = RankerTrainingOptions(history_length=OPTIONS.serving.history_length)
    for name, parts in scorers.items():
        features = RankingFeatures(RankedProducts(kinds=[0], brands=[0], log_prices=[0.0]), len(EVENT_TYPES))
        names = features.names(with_rules=parts["rules"])
        scorer = RankerScorer(units=4, features=names, unread=() if parts["towers"] else TOWER_FEATURES)
        scorer(tf.zeros([1, 1, len(names)]))
        save_keras(scorer, scorer_file(str(folder), name))
    near = (np.arange(PRODUCTS)[:, np.newaxis] + [1, 2]) % PRODUCTS
    save_neighbours(NeighbourTable(products=near, weights=np.tile([0.2, 0.1], (PRODUCTS, 1))), str(folder))
    write_training_summary({"options": options.model_dump(mode="json"), "scorers": scorers}, str(folder))
    return artifact(standard_artifacts.Model, folder)


def build_index(
    folder: Path, inputs: dict[str, list[Artifact]], options: RecommendationIndexOptions = OPTIONS
) -> Artifact:
    """Runs RecommendationIndex."""
    output = artifact(standard_artifacts.Model, folder / "index")
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=list(LOCAL_BEAM_ARGS),
        tmp_dir=str(folder / "tmp"),
        unique_id="1",
    )
    RecommendationIndexExecutor(context).Do(
        inputs, {"model": [output]}, {"options_json": options.model_dump_json(), "source_digest": "x"}
    )
    return output
