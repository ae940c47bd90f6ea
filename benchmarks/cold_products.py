"""Whether products that nobody has had yet are ranked for those who will be first to buy them.

    python benchmarks/cold_products.py --root DIR

DIR is the folder of a finished run of recommendation with texts, such as the demo's. Cold products are those of the
products table whose first purchase lies in the test period. They are ranked among themselves for each test user that
bought one of them then, from what was bought before it: by habits, as `users/profiles.parquet` orders new products,
with a model that has learned from the new products of earlier times of 28 days; by how often the user bought in the
product's category, deeper levels first; by the nearest text among what the user bought; and by the trained towers,
which read texts, categories and prices, and in place of the row that they have not learned the mean row of the ten
known products with the nearest texts, as an update begins them. Recall@10 is the mean over these users of the share of
their cold products that are among the ten. Equal scores are broken at random, the same way for all. `recall_ratio` is
that of habits in the better one of category and text.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import pyarrow as pa
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import config_of_run
from components.segmentation.profiles.first_buyers import FirstBuyers, training_pairs
from components.segmentation.profiles.new_products import NEW_PRODUCT_COLUMNS, describe_groups, new_product_habits
from components.segmentation.profiles.options import ProfileOptions
from components.tables.read_back import table_batches
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.names import TABLE_SPLIT
from trainer.artifacts.parquet_files import read_parquet
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.ranker.ranked_products import load_totals
from trainer.recommendation.towers.item_tower import PRODUCT_INDEX, TEXT_VECTOR
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.towers import load_towers
from trainer.recommendation.towers.user_vectors import user_vectors
from trainer.recommendation.towers.warm_start import like_near_texts
from trainer.text.product_texts import INDEX_SUFFIX, NUMBER_SUFFIX, product_texts
from trainer.text.text_vectors import load_text_vectors

K = 10
FEWEST_COLD = 30


class Shop(NamedTuple):
    """What is known before the test period, and of the cold products.

    Attributes:
        users: Test users who bought a cold product, with their histories before the test period.
        bought: Of each of them, the cold products that they bought, as rows of `cold`.
        cold: Columns product_id, category and text; a row each.
    """

    users: JudgedUsers
    bought: list[list[int]]
    cold: pd.DataFrame


def main(root: Annotated[Path, typer.Option(help="Folder of a finished run of recommendation.")]) -> None:
    """Ranks the cold products in four ways."""
    print_machine("tensorflow")
    shop = load_shop(root)
    print(f"{len(shop.cold):,} cold products, {len(shop.users):,} users who bought one of them first")
    if len(shop.cold) < FEWEST_COLD:
        raise SystemExit(f"{root}: expected {FEWEST_COLD} cold products or more; the test period is too short")
    ties = np.random.default_rng(0).random(len(shop.cold))
    found = {
        name: recall(scores, shop.bought, ties)
        for name, scores in {
            "habits": by_habits(root, shop),
            **model_and_text(root, shop),
            "category": by_category(root, shop),
        }.items()
    }
    for name, value in found.items():
        print(f"{name:10} recall@{K} {value:.4f}")
    better = max(found["category"], found["text"])
    print_figures({"recall_ratio": ratio(found["habits"], better), **found, "cold_products": len(shop.cold)})


def artifact(root: Path, node: str, output: str) -> str:
    """Returns where a node's newest output lies."""
    return str(latest_artifact(root, node, output))


def table(root: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """Reads columns of a table as the run has kept it."""
    folder = Path(artifact(root, f"{name}ExampleGen", "examples")) / f"Split-{TABLE_SPLIT}"
    batches = table_batches([str(file) for file in sorted(folder.glob("*.parquet"))], columns)
    rows = pd.concat([batch.to_pandas() for batch in batches], ignore_index=True)
    texts = rows.select_dtypes("object")
    return rows.assign(**{name: texts[name].str.decode("utf-8") for name in texts})


def load_shop(root: Path) -> Shop:
    """Finds the cold products, and who bought them."""
    config = config_of_run(root)
    fields = config.text_for("cold products are told by their texts").fields
    facts = load_catalogue_facts(artifact(root, "RecommendationExamples", "catalogue"))
    events = table(root, "Events", ["user_id", "product_id", "event_type", "timestamp"])
    events = events[events["event_type"] == facts["bought_event_type"]]
    first = events.groupby("product_id")["timestamp"].min()
    products = table(root, "Products", list(dict.fromkeys(["product_id", "category", *fields])))
    is_cold = products["product_id"].map(first).ge(facts["test_start"])
    cold = products[is_cold].reset_index(drop=True)
    cold = cold.assign(text=product_texts(pa.Table.from_pandas(cold), fields))
    row = {product: place for place, product in enumerate(cold["product_id"])}
    late = events[events["product_id"].isin(row)].drop_duplicates(["user_id", "product_id"])
    by_user = late.groupby("user_id")["product_id"].agg(list)
    users = load_judged_users(artifact(root, "RecommendationExamples", "examples"), "test")
    known = np.diff(users.history_offsets) > 0
    wanted = np.array([user.decode() in by_user.index for user in users.user_ids])
    users = users.chosen(known & wanted)
    return Shop(users, [[row[each] for each in by_user[user.decode()]] for user in users.user_ids], cold)


def model_and_text(root: Path, shop: Shop) -> dict[str, np.ndarray]:
    """Returns scores float `(users, cold products)`: of the towers, and of the nearest text."""
    towers = load_towers(artifact(root, "RecommendationTrainer", "model"))
    catalogue_uri = artifact(root, "RecommendationExamples", "catalogue")
    transformed_uri = artifact(root, "ProductsTransform", "transformed_examples")
    vectors_uri = artifact(root, "ProductsTextVectors", "vectors")
    items = load_items(catalogue_uri, transformed_uri, vectors_uri)
    texts = load_text_vectors(vectors_uri, shop.cold["text"].tolist())
    rows = transformed(transformed_uri).reindex(shop.cold["product_id"])
    totals = np.log1p(np.maximum(load_totals(catalogue_uri), 0.0))
    # Nobody has bought them.
    popularity = np.full((len(rows), 1), -totals.mean() / totals.std())
    kinds = rows.filter(regex=f"{INDEX_SUFFIX}$").fillna(0).to_numpy().astype(np.int32)
    # A category that no product of the catalogue has is an unknown one.
    kinds[kinds >= np.array(towers.item_tower.category_sizes)] = 0
    inputs = {
        PRODUCT_INDEX: np.zeros(len(rows), np.int32),
        "numbers": np.hstack([rows.filter(regex=f"{NUMBER_SUFFIX}$").to_numpy(), popularity]).astype(np.float32),
        "categories": kinds,
        TEXT_VECTOR: texts,
    }
    vectors = np.asarray(towers.item_tower(inputs, training=False))
    if towers.item_tower.product_embedding is not None:
        # The parts of a vector are summed, so the row of another product is taken out again.
        known = np.asarray(towers.item_tower.product_embedding.embeddings)
        both = np.concatenate([known, np.zeros((len(rows), known.shape[1]), np.float32)])
        all_texts = np.concatenate([items.text_vectors, texts])
        is_known = np.where(np.arange(len(both)) < len(known), 0, -1)
        vectors = vectors + like_near_texts(both, all_texts, is_known)[len(known) :] - known[0]
    own = user_vectors(towers, item_vectors(towers, items), shop.users)[:, : vectors.shape[1]]
    nearest = np.stack(
        [
            (items.text_vectors[np.unique(shop.users.history_index[shop.users.history(user)])] @ texts.T).max(axis=0)
            for user in range(len(shop.users))
        ]
    )
    return {"towers": own @ vectors.T, "text": nearest}


def by_habits(root: Path, shop: Shop) -> np.ndarray:
    """Returns the scores of what has learned who is first to buy a new product, float32 `(users, cold products)`."""
    options, facts = ProfileOptions(), load_catalogue_facts(artifact(root, "RecommendationExamples", "catalogue"))
    start, period = int(facts["test_start"]), options.chance_seconds
    events = table(root, "Events", ["user_id", "product_id", "event_type", "timestamp"])
    events = events[(events["event_type"] == facts["bought_event_type"]) & (events["timestamp"] < start)]
    products = pa.Table.from_pandas(table(root, "Products", list(NEW_PRODUCT_COLUMNS)), preserve_index=False)
    counts = {
        f"bought_{back}": events["product_id"][events["timestamp"] < start - back * period].value_counts()
        for back in range(options.moments + 2)
    }
    sums = pa.Table.from_pandas(pd.DataFrame(counts).fillna(0).rename_axis("product_id").reset_index())
    groups = describe_groups(sums.set_column(0, "product_id", sums["product_id"].cast(pa.binary())), products)
    row = pd.Index([each.decode() for each in groups.product_ids.to_pylist()])
    product = row.get_indexer(pd.Index(events["product_id"])).astype(np.int64)
    user, users = pd.factorize(pd.Index(events["user_id"]), sort=True)
    time = events["timestamp"].to_numpy(np.int64)
    pairs = [
        training_pairs(user.astype(np.int64), product, time, len(users), groups, start, back, period)
        for back in range(1, options.moments + 1)
    ]
    model = FirstBuyers.fit(np.concatenate([each[0] for each in pairs]), np.concatenate([each[1] for each in pairs]), 0)
    asked = pd.Index([each.decode() for each in shop.users.user_ids]).get_indexer(pd.Index(events["user_id"]))
    kept = (asked >= 0) & (product >= 0)
    cold = row.get_indexer(pd.Index(shop.cold["product_id"]))
    habits = new_product_habits(
        asked[kept], product[kept], start - time[kept], len(shop.users), groups, cold, 0, period
    )
    return np.concatenate([model.of(part) for part in np.array_split(habits, 16)])


def transformed(uri: str) -> pd.DataFrame:
    """Reads Transform's numbers and categories of all products, columns in the order of their names."""
    rows = read_parquet(f"{uri}/Split-{TABLE_SPLIT}/*.parquet").to_pandas()
    rows = rows.apply(lambda column: column.str[0])
    rows.index = rows.pop("product_id").str.decode("utf-8")
    return rows[sorted(rows.columns)]


def by_category(root: Path, shop: Shop) -> np.ndarray:
    """Returns how often each user bought in the category of each cold product; deeper levels count first."""
    known = load_catalogue(artifact(root, "RecommendationExamples", "catalogue"))["category"].to_pylist()
    cold = shop.cold["category"].fillna("").tolist()
    scores = np.zeros((len(shop.users), len(cold)))
    depth = 1 + max(category.count(" > ") for category in cold)
    for level in range(1, depth + 1):
        numbers, of_known = pd.factorize([_level(category, level) for category in [*known, *cold]])[0], len(known)
        weight = 1e-3 ** (depth - level)
        for user in range(len(shop.users)):
            history = shop.users.history_index[shop.users.history(user)]
            counts = np.bincount(numbers[:of_known][history], minlength=numbers.max() + 1)
            scores[user] += weight * counts[numbers[of_known:]] / len(history)
    return scores


def _level(category: str, level: int) -> str:
    return " > ".join(category.split(" > ")[:level])


def recall(scores: np.ndarray, bought: list[list[int]], ties: np.ndarray) -> float:
    """Returns the mean share of a user's cold products that are among the best ten."""
    shares = []
    for row, wanted in zip(scores, bought, strict=True):
        best = np.lexsort((ties, -row))[:K]
        shares.append(len(set(best.tolist()) & set(wanted)) / len(set(wanted)))
    return float(np.mean(shares))


if __name__ == "__main__":
    typer.run(main)
