"""Search for who asks, over a made-up shop whose shoppers have planted tastes.

    python benchmarks/personal_search.py [--users 1500] [--backbone NAME]

The shop has 24 kinds of things, each in 6 styles, 4 brands and 2 sizes. A shopper likes one style and one brand of all
kinds. They buy by their taste, search for kinds ("teapot") and choose what they like, and search for very products by
their whole titles, whatever they like. The task's own code makes examples of the events, puts the search together with
the encoder as it comes, and trains the reranker. Then shoppers whom it has not seen ask both ways: the NDCG@10 of the
signature `personal`, with their histories, beside that of `filtered`, of ambiguous queries (relevant are the things of
the kind in the shopper's style and brand) and of navigational ones (the product that was asked for), with an interval
over the queries, and the median time of a request of each.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import numpy as np
import pandas as pd
import pyarrow as pa
import tensorflow as tf
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from components.events.example_files import write_examples
from components.search.examples.catalogue import build_search_catalogue
from components.search.examples.options import QueryOptions
from components.search.examples.personal_examples import personal_examples
from serving.graph.time_units import DAY_SECONDS
from serving.index.exact import ExactIndex
from serving.search.module import SearchModule
from serving.search.personal.reranking import PersonalModel
from trainer.artifacts.catalogue import distinct_texts
from trainer.metrics.bootstrap import bootstrap_intervals
from trainer.options import TextOptions
from trainer.search.encoder import SearchEncoder, text_embedder
from trainer.search.fusion import PRIOR
from trainer.search.groups.names import group_names
from trainer.search.index.build import build_module
from trainer.search.index.corrections import known_words
from trainer.search.index.postings import build_postings
from trainer.search.options import PersonalOptions, SearchServingOptions
from trainer.search.personal.examples import load_asked
from trainer.search.personal.training import learn_reranker
from trainer.text.backbone import load_text_encoder

BACKBONE = TextOptions().backbone
KINDS = [
    "teapot",
    "kettle",
    "mug",
    "plate",
    "bowl",
    "fork",
    "knife",
    "pan",
    "lamp",
    "chair",
    "rug",
    "towel",
    "pillow",
    "blanket",
    "clock",
    "mirror",
    "vase",
    "basket",
    "candle",
    "frame",
    "shelf",
    "stool",
    "curtain",
    "tray",
]
STYLES = ("rustic", "modern", "floral", "striped", "marble", "bamboo")
BRANDS = ("Acme", "Borel", "Corso", "Dunav")
SIZES = ("small", "large")
# Of the events of a query, so many are by taste; the others are by chance.
BY_TASTE = 0.85
PAST_EVENTS, K, HISTORY = 12, 10, 512
NOW = 1_790_000_000


class Shopper(NamedTuple):
    """Who likes one style and one brand."""

    style: str
    brand: str


def main(
    users: Annotated[int, typer.Option(min=100, help="Shoppers to learn from.")] = 1500,
    backbone: Annotated[str, typer.Option(help="Encoder: a preset, a model of Hugging Face, or a folder.")] = BACKBONE,
    evaluated: Annotated[int, typer.Option(min=10, help="Shoppers who ask both ways.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the shop.")] = 0,
) -> None:
    """Makes the shop, learns, and asks both signatures."""
    print_machine("tensorflow")
    random = np.random.default_rng(seed)
    products = shop_products(random)
    module = learned_search(products, shop_events(products, users, random), backbone, seed)
    signatures = module.signatures("filtered", "personal")
    shoppers = [random_shopper(random) for _ in range(evaluated)]
    pasts = [past(products, shopper, random) for shopper in shoppers]
    kinds = random.choice(KINDS, evaluated).tolist()
    named = random.integers(len(products), size=evaluated)
    ids = products["product_id"].to_numpy()
    liked = [
        set(products[(products["kind"] == kind) & is_liked(products, shopper)]["product_id"])
        for shopper, kind in zip(shoppers, kinds, strict=True)
    ]
    figures: dict[str, float | None] = {}
    times: dict[str, list[float]] = {"filtered": [], "personal": []}
    for name, queries, relevant in (
        ("ambiguous", kinds, liked),
        ("navigational", products["title"].to_numpy()[named].tolist(), [{ids[place]} for place in named]),
    ):
        scores: dict[str, list[float]] = {way: [] for way in times}
        for query, shopper_past, wanted in zip(queries, pasts, relevant, strict=True):
            for way, taken in times.items():
                found, milliseconds = ask(signatures, way, query, shopper_past)
                scores[way].append(ndcg(found, wanted))
                taken.append(milliseconds)
        plain, personal = (np.array(each) for each in scores.values())
        difference = bootstrap_intervals((personal - plain)[:, np.newaxis], seed)[0]
        print(
            f"{name}: plain {plain.mean():.4f}, personal {personal.mean():.4f}, "
            f"{difference.mean:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
        )
        figures[f"{name}_ratio"] = ratio(float(personal.mean()), float(plain.mean()))
        figures[f"{name}_low"] = difference.low
    medians = {way: float(np.median(each)) for way, each in times.items()}
    print(f"a request takes {medians['filtered']:.2f} ms, a personal one {medians['personal']:.2f} ms")
    print_figures(figures | {"p50_ratio": ratio(medians["personal"], medians["filtered"]), "users": users})


def learned_search(products: pd.DataFrame, events: pd.DataFrame, backbone: str, seed: int) -> SearchModule:
    """Returns the search with a reranker that has learned from the events."""
    catalogue = build_search_catalogue(
        pa.table({name: products[name] for name in ("product_id", "title", "brand", "category", "price")}).cast(
            pa.schema(
                [(name, pa.binary()) for name in ("product_id", "title", "brand", "category")]
                + [("price", pa.float32())]
            )
        ),
        ("title",),
    )
    encoder = SearchEncoder(load_text_encoder(TextOptions(backbone=backbone, sequence_length=32)), head=None)
    serving = SearchServingOptions()
    text_of_product, texts = distinct_texts(catalogue["text"].to_pylist())
    vectors = encoder.embed(texts, 64)
    options = QueryOptions()
    place = {each: row for row, each in enumerate(catalogue["product_id"].to_pylist())}
    table = pa.table(
        {
            "user_id": pa.array([each.encode() for each in events["user_id"]], pa.binary()),
            "product": pa.array([place[each] for each in events["product_id"]], pa.int64()),
            "type": pa.array([list(options.event_types).index(each) for each in events["event_type"]], pa.int64()),
            "time": pa.array(events["timestamp"], pa.int64()),
            "query": pa.array(events["query"].fillna(""), pa.string()),
            "weight": pa.array([options.event_types[each] for each in events["event_type"]], pa.float32()),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Split-personal").mkdir()
        write_examples(f"{folder}/Split-personal", 0, 1, personal_examples(table, options.personal_history))
        examples = load_asked(folder, len(table))
    embedder = text_embedder(encoder)
    groups = group_names(catalogue["title"].to_pylist(), catalogue["category"].to_pylist(), text_of_product)

    def build(personal: PersonalModel) -> SearchModule:
        return build_module(
            catalogue,
            embedder=embedder,
            index=ExactIndex(vectors),
            postings=build_postings(texts, serving.lexical),
            known_words=known_words(encoder.text_encoder.tokenizer.get_vocabulary()),
            groups=groups,
            fusion=PRIOR,
            options=serving,
            personal=personal,
        )

    with tempfile.TemporaryDirectory() as logs:
        learned = learn_reranker(
            examples,
            catalogue,
            build,
            lambda queries: encoder.embed(queries, 64),
            PersonalOptions(),
            event_types=tuple(options.event_types),
            bought_event_type=options.bought_event_type,
            collapse=serving.collapse,
            log_uri=logs,
            seed=seed,
        )
    print(f"learned: {learned.report}")
    if learned.model is None:
        raise typer.BadParameter("the reranker was not served: there is too little to learn from")
    return build(learned.model)


def is_liked(products: pd.DataFrame, shopper: "Shopper") -> "pd.Series[bool]":
    """Says which products are of a shopper's style and brand."""
    return (products["style"] == shopper.style) & (products["brand"] == shopper.brand)


def shop_products(random: np.random.Generator) -> pd.DataFrame:
    """Every kind in every style, brand and size."""
    rows = [
        {"kind": kind, "style": style, "brand": brand, "title": f"{style} {kind} {size} {brand}"}
        for kind in KINDS
        for style in STYLES
        for brand in BRANDS
        for size in SIZES
    ]
    frame = pd.DataFrame(rows).sample(frac=1.0, random_state=int(random.integers(2**31))).reset_index(drop=True)
    frame["product_id"] = [f"P{place:05d}" for place in range(len(frame))]
    frame["category"] = "Home > " + frame["kind"].str.capitalize()
    frame["price"] = np.round(random.lognormal(3.0, 0.5, len(frame)), 2)
    return frame


def random_shopper(random: np.random.Generator) -> Shopper:
    """Returns somebody with a taste."""
    return Shopper(str(random.choice(STYLES)), str(random.choice(BRANDS)))


def past(products: pd.DataFrame, shopper: Shopper, random: np.random.Generator) -> list[str]:
    """Returns what a shopper has bought, by taste and by chance."""
    liked = products[(products["style"] == shopper.style) | (products["brand"] == shopper.brand)]["product_id"]
    by_taste = random.random(PAST_EVENTS) < BY_TASTE
    return [str(random.choice((liked if taste else products["product_id"]).to_numpy())) for taste in by_taste]


def shop_events(products: pd.DataFrame, users: int, random: np.random.Generator) -> pd.DataFrame:
    """Returns what shoppers buy, and then search for and choose."""
    by_kind = {kind: products[products["kind"] == kind] for kind in KINDS}
    rows: list[dict[str, Any]] = []
    for number in range(users):
        shopper = random_shopper(random)
        moment = NOW - int(random.integers(30, 200)) * DAY_SECONDS
        common = {"user_id": f"U{number}"}
        for product in past(products, shopper, random):
            moment += 3600
            rows.append({**common, "product_id": product, "event_type": "purchase", "timestamp": moment, "query": None})
        for kind in random.choice(KINDS, 3, replace=False):
            moment += DAY_SECONDS
            of_kind = by_kind[kind]
            liked = of_kind[is_liked(of_kind, shopper)]
            for _ in range(2):
                chosen = (liked if random.random() < BY_TASTE else of_kind)["product_id"].to_numpy()
                rows.append(
                    {
                        **common,
                        "product_id": str(random.choice(chosen)),
                        "event_type": str(random.choice(["view", "purchase"])),
                        "timestamp": moment + int(random.integers(60)),
                        "query": kind,
                    }
                )
        moment += DAY_SECONDS
        wanted = products.iloc[int(random.integers(len(products)))]
        rows.append(
            {
                **common,
                "product_id": wanted["product_id"],
                "event_type": "purchase",
                "timestamp": moment,
                "query": wanted["title"],
            }
        )
    return pd.DataFrame(rows)


def ask(signatures: Any, way: str, query: str, history: Sequence[str]) -> tuple[list[str], float]:
    """Returns ten ids and the milliseconds that they took."""
    inputs = {
        "query": tf.constant([query]),
        "k": tf.constant([K]),
        "category": tf.constant([""]),
        "max_price": tf.constant([0.0]),
        "in_stock_only": tf.constant([False]),
        "exclude_ids": tf.constant([[""] * 100]),
    }
    if way == "personal":
        empty = HISTORY - len(history)
        ages = [float(len(history) - place) * DAY_SECONDS for place in range(len(history))]
        inputs |= {
            "history_ids": tf.constant([[*history, *[""] * empty]]),
            "history_types": tf.constant([["purchase"] * len(history) + [""] * empty]),
            "history_age_seconds": tf.constant([[*ages, *[0.0] * empty]]),
        }
    started = time.perf_counter()
    answer = signatures[way](**inputs)
    taken = (time.perf_counter() - started) * 1e3
    return [each.decode() for each in answer["product_ids"][0].numpy()], taken


def ndcg(found: Sequence[str], wanted: set[str]) -> float:
    """Returns the NDCG@10 with binary gains."""
    gains = sum(1.0 / np.log2(place + 2) for place, each in enumerate(found[:K]) if each in wanted)
    return float(gains / sum(1.0 / np.log2(place + 2) for place in range(min(K, len(wanted)))))


if __name__ == "__main__":
    typer.run(main)
