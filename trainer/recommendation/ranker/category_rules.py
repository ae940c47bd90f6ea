"""What is bought together with categories, as the served model wants it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from serving.graph.catalogue import CATEGORY_SEPARATOR, category_levels
from serving.recommendation.together import CategoryRules
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import CATEGORY_PRODUCTS_PREFIX, RULES_FACTS_FILE, shards
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import byte_strings

# A category in so many baskets has half of its surplus believed; a few baskets may be one household's habit.
_HALF_TRUSTED = 100.0


def category_rules(uri: str, catalogue: pa.Table) -> CategoryRules | None:
    """Reads what goes with categories from an artifact of BasketRules.

    Each category that products are in follows its own rules and those of the wider categories that it is in, ordered by
    surplus * n / (n + 100), where n are the baskets that the surplus was counted in: of what sells seldom, the wider
    category tells more. A product counts by the strongest of them.

    Args:
        uri: The artifact.
        catalogue: The catalogue that they were counted of.

    Returns:
        The rules; None where the artifact has none of categories.
    """
    options = read_json(f"{uri}/{RULES_FACTS_FILE}")["options"]
    if "category" not in options["levels"]:
        return None
    counted = read_parquet(shards(uri, CATEGORY_PRODUCTS_PREFIX))
    counts = counted["category_count"].to_numpy()
    strength = counted["surplus"].to_numpy() * counts / (counts + _HALF_TRUSTED)
    products = pc.index_in(counted["product_id"], value_set=catalogue["product_id"].combine_chunks()).to_numpy()
    by_category = pd.Series(np.arange(len(counted))).groupby(byte_strings(counted["category"])).indices
    rows_of = {name: np.asarray(rows, np.int64) for name, rows in by_category.items()}
    paths = [category_levels(category) for category in byte_strings(catalogue["category"])]
    of_product, distinct = pd.factorize(pd.Series([path or None for path in paths], dtype=object))
    followed = []
    for path in distinct:
        names = [CATEGORY_SEPARATOR.encode().join(path[:depth]) for depth in range(len(path), 0, -1)]
        rows = np.concatenate([rows_of.get(name, np.zeros(0, np.int64)) for name in names])
        followed.append(_strongest(rows, products, strength, options["products_per_category"]))
    rows = np.concatenate([*followed, np.zeros(0, np.int64)])
    return CategoryRules(
        category_of_product=of_product,
        category=np.repeat(np.arange(len(distinct)), [len(each) for each in followed]),
        product=products[rows],
        confidence=counted["confidence"].to_numpy()[rows],
        lift=counted["lift"].to_numpy()[rows],
        strength=strength[rows],
    )


def _strongest(
    rows: npt.NDArray[np.int64], products: npt.NDArray[np.integer], strength: npt.NDArray[np.floating], most: int
) -> npt.NDArray[np.int64]:
    """Returns the strongest rows, each product once.

    Args:
        rows: Rows to choose from.
        products: The product of each row there is.
        strength: Likewise.
        most: Rows to keep at the most.
    """
    ordered = rows[np.argsort(-strength[rows], kind="stable")]
    _, first = np.unique(products[ordered], return_index=True)
    return ordered[np.sort(first)][:most]
