"""What goes with a product, of a finished run: `similar` of what sells seldom, and `bought_together` of what sells.

    python benchmarks/similar.py --root RUN

RUN holds a run of the task recommendation with rules; its served model is asked. Of 300 products drawn from those with
20 to 200 events, the share of the six answers of `similar_products` that have the product's category, or one that is
bought with it beyond chance: in more baskets of the training weeks than categories of that frequency share by accident
(lift over 1, Fisher's exact test, p < 0.01). Of purchases of the test weeks, the share whose product gets three or more
answers of `bought_together`. And for baskets of the test weeks that are asked with half of their products, as far as no
rule of products leads from them, how many of the other half the first five answers hold that rules of categories give,
beside the five best sellers that may be recommended, each title once.

Needs a minute and 2 GiB.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
import typer
from scipy.sparse import csr_matrix
from scipy.stats import hypergeom

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import served_model
from serving.recommendation.sources import SOURCES
from serving.recommendation.together import MAX_TOGETHER_IDS
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts

DRAWN, LEAST_EVENTS, MOST_EVENTS, SIMILAR, MOST_P = 300, 20, 200, 6, 0.01
ENOUGH, K, WIDTH = 3, 5, 40
ASKED_AT_ONCE = 100


def main(root: Annotated[Path, typer.Option(help="Folder of a finished run.")], baskets: int = 10_000) -> None:
    """Asks the served model and counts."""
    print_machine("tensorflow")
    catalogue_uri = str(latest_artifact(root, "RecommendationExamples", "catalogue"))
    catalogue, facts = load_catalogue(catalogue_uri).to_pandas(), load_catalogue_facts(catalogue_uri)
    model = tf.saved_model.load(str(served_model(root, "RecommendationIndex")))
    bought = bought_products(root, catalogue, facts)
    train, test = bought[bought["time"] < facts["validation_start"]], bought[bought["time"] >= facts["test_start"]]
    generator = np.random.default_rng(0)

    fits = similar_fits(model, catalogue, train, generator)
    print(f"similar: {fits.mean():.3f} of {len(fits)} answers fit; {100 * (fits.mean() - 1):.1f}% short of all")
    answers = ask(model, "bought_together", [[product] for product in catalogue["product_id"]], K)
    enough = (answers["product_ids"] != b"").sum(axis=1) >= ENOUGH
    coverage = float(enough[test["product"]].mean())
    print(f"bought_together: {coverage:.3f} of {len(test):,} purchases get {ENOUGH} answers or more")
    for source in SOURCES:
        print(f"  first answer by {source}: {(answers['source'][test['product'], 0] == source.encode()).mean():.3f}")
    ruled = answers["source"][:, 0] == SOURCES[0].encode()
    gains = category_gains(model, catalogue, train, test, ruled, baskets, generator)
    mean, error = gains.mean(axis=0), 1.96 * gains.std(axis=0) / np.sqrt(len(gains))
    gain, low = mean[0] - mean[1], (mean[0] - mean[1]) - 1.96 * np.diff(gains, axis=1).std() / np.sqrt(len(gains))
    print(f"recall@{K} of {len(gains):,} baskets: rules of categories {mean[0]:.4f} (± {error[0]:.4f}), ", end="")
    print(f"best sellers {mean[1]:.4f} (± {error[1]:.4f})")
    print_figures(
        {
            "similar_fit": float(fits.mean()),
            "together_coverage": coverage,
            "together_gain": float(gain),
            "together_gain_low": float(low),
            "baskets": len(gains),
        }
    )


def bought_products(root: Path, catalogue: pd.DataFrame, facts: dict[str, Any]) -> pd.DataFrame:
    """Returns basket, product (row of the catalogue) and time of what was bought, each product of a basket once."""
    folder = latest_artifact(root, "EventsExampleGen", "examples") / "Split-all"
    columns = ["basket_id", "product_id", "event_type", "timestamp"]
    events = pa.concat_tables(pq.read_table(file, columns=columns) for file in sorted(folder.glob("*.parquet")))
    plain = pd.DataFrame({name: pc.list_element(events[name], 0).to_numpy() for name in columns})
    plain = plain[plain["event_type"] == facts["bought_event_type"].encode()]
    rows = pd.Series(np.arange(len(catalogue)), [product.encode() for product in catalogue["product_id"]])
    product = plain["product_id"].map(rows)
    bought = pd.DataFrame({"basket": plain["basket_id"], "product": product, "time": plain["timestamp"]})
    bought = bought[product.notna()].astype({"product": np.int64})
    return bought.drop_duplicates(["basket", "product"])


def similar_fits(
    model: Any, catalogue: pd.DataFrame, train: pd.DataFrame, generator: np.random.Generator
) -> np.ndarray:
    """Returns of each answer of `similar_products`, bool, whether its category fits."""
    events = catalogue["event_count"]
    seldom = np.flatnonzero((events >= LEAST_EVENTS) & (events <= MOST_EVENTS) & (catalogue["category"] != ""))
    drawn = generator.choice(seldom, min(DRAWN, len(seldom)), replace=False)
    category, names = pd.factorize(catalogue["category"])
    fitting = bought_with(train, category, len(names))
    answers = ask_single(model, "similar_products", catalogue["product_id"].to_numpy()[drawn], SIMILAR)
    rows = pd.Series(np.arange(len(catalogue)), [product.encode() for product in catalogue["product_id"]])
    asked, found = np.nonzero(answers["product_ids"] != b"")
    other = category[rows[answers["product_ids"][asked, found]].to_numpy()]
    own = category[drawn[asked]]
    return np.asarray((own == other) | fitting[own, other])


def bought_with(train: pd.DataFrame, category: np.ndarray, categories: int) -> np.ndarray:
    """Returns bool `(categories, categories)`: which are in more baskets together than chance puts them."""
    basket, baskets = pd.factorize(train["basket"])
    held = csr_matrix((np.ones(len(train)), (basket, category[train["product"]])), (len(baskets), categories))
    held.data[:] = 1.0
    together = (held.T @ held).toarray()
    counts = np.diag(together)
    p_values = hypergeom.sf(together - 1, len(baskets), counts[:, np.newaxis], counts[np.newaxis])
    return np.asarray((together * len(baskets) > np.outer(counts, counts)) & (p_values < MOST_P))


def category_gains(
    model: Any,
    catalogue: pd.DataFrame,
    train: pd.DataFrame,
    test: pd.DataFrame,
    ruled: np.ndarray,
    baskets: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Returns recall@K of each basket by rules of categories and by best sellers, float64 `(baskets, 2)`.

    Args:
        model: The served model.
        catalogue: Its products.
        train: What was bought before validation.
        test: What was bought in the test weeks.
        ruled: bool `(products,)`: whether a rule of products leads from each.
        baskets: How many baskets are drawn.
        generator: Mixes the products of each.
    """
    products = test.groupby("basket")["product"].apply(np.array)
    products = products[products.map(len) >= 2]
    chosen = products.sample(min(baskets, len(products)), random_state=0)
    mixed = [generator.permutation(basket) for basket in chosen]
    halves = [min(MAX_TOGETHER_IDS, len(basket) // 2) for basket in mixed]
    ids, titles = catalogue["product_id"].to_numpy(), catalogue["title"].to_numpy()
    seldom = [basket[:half][~ruled[basket[:half]]] for basket, half in zip(mixed, halves, strict=True)]
    asked = [ids[products].tolist() for products in seldom]
    answers = ask(model, "bought_together", asked, WIDTH)
    popular = ask_popular(model, WIDTH)
    sold = train.groupby("product").size().sort_values(ascending=False).index
    best = [product for product in sold if ids[product].encode() in popular]
    gains = []
    for row, (basket, half) in enumerate(zip(mixed, halves, strict=True)):
        target, had = {*ids[basket[half:]]}, {*titles[seldom[row]]}
        found = answers["product_ids"][row][answers["source"][row] == b"category rules"][:K]
        if not len(found):
            continue
        sellers = [ids[product] for product in best if titles[product] not in had][:K]
        hits = (sum(product.decode() in target for product in found), sum(product in target for product in sellers))
        gains.append([count / len(target) for count in hits])
    return np.array(gains)


def ask_popular(model: Any, k: int) -> set[bytes]:
    """Returns the products that a user without a history gets: best sellers that may be recommended, a title once."""
    function = model.signatures["filtered"]
    inputs = {name: tf.zeros([1, *spec.shape[1:]], spec.dtype) for name, spec in inputs_of(function).items()}
    return set(function(**{**inputs, "k": tf.constant([k])})["product_ids"].numpy()[0])


def ask(model: Any, signature: str, ids: list[list[str]], k: int) -> dict[str, np.ndarray]:
    """Asks with lists of product ids, and returns what the signature answers."""
    padded = np.full((len(ids), MAX_TOGETHER_IDS), b"", object)
    for row, products in enumerate(ids):
        padded[row, : len(products)] = [product.encode() for product in products]
    return _answers(model.signatures[signature], "product_ids", padded, k)


def ask_single(model: Any, signature: str, ids: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Asks with one product id a row."""
    return _answers(model.signatures[signature], "product_id", np.array([each.encode() for each in ids], object), k)


def inputs_of(function: Any) -> dict[str, tf.TensorSpec]:
    """Returns the inputs of a signature by name."""
    inputs: dict[str, tf.TensorSpec] = function.structured_input_signature[1]
    return inputs


def _answers(function: Any, name: str, values: np.ndarray, k: int) -> dict[str, np.ndarray]:
    parts = []
    for start in range(0, len(values), ASKED_AT_ONCE):
        rows = values[start : start + ASKED_AT_ONCE]
        answer = function(**{name: tf.constant(rows, tf.string), "k": tf.fill([len(rows)], k)})
        parts.append({output: value.numpy() for output, value in answer.items()})
    return {output: np.concatenate([part[output] for part in parts]) for output in parts[0]}


if __name__ == "__main__":
    typer.run(main)
