"""What is bought together with categories, as the served model wants it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from serving.graph.catalogue import CATEGORY_SEPARATOR, category_levels
from serving.recommendation.together import CategoryRules
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import CATEGORY_PRODUCTS_PREFIX, RULES_FACTS_FILE, shards
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import byte_strings

# A category with fewer rules of its own follows those of the wider category too, and so on.
_ENOUGH = 20


def category_rules(uri: str, catalogue: pa.Table) -> CategoryRules | None:
    """Reads what goes with categories from an artifact of BasketRules.

    Each category that products are in has the rules of its deepest level; where those are few, as of what sells seldom,
    also those of the wider levels.

    Args:
        uri: The artifact.
        catalogue: The catalogue that they were counted of.

    Returns:
        The rules; None where the artifact has none of categories.
    """
    if "category" not in read_json(f"{uri}/{RULES_FACTS_FILE}")["options"]["levels"]:
        return None
    counted = read_parquet(shards(uri, CATEGORY_PRODUCTS_PREFIX))
    products = pc.index_in(counted["product_id"], value_set=catalogue["product_id"].combine_chunks()).to_numpy()
    rows_of = pd.Series(np.arange(len(counted))).groupby(byte_strings(counted["category"])).indices
    paths = [category_levels(category) for category in byte_strings(catalogue["category"])]
    of_product, distinct = pd.factorize(pd.Series([path or None for path in paths], dtype=object))
    followed = [_rules_of(path, rows_of, products) for path in distinct]
    rows = np.concatenate([*followed, np.zeros(0, np.int64)]).astype(np.int64)
    return CategoryRules(
        category_of_product=of_product,
        category=np.repeat(np.arange(len(distinct)), [len(each) for each in followed]),
        product=products[rows],
        confidence=counted["confidence"].to_numpy()[rows],
        lift=counted["lift"].to_numpy()[rows],
        strength=counted["surplus"].to_numpy()[rows],
    )


def _rules_of(path: tuple[bytes, ...], rows_of: Mapping[Any, Any], products: np.ndarray) -> np.ndarray:
    """Returns the rows of the rules that a category follows, each product once.

    Args:
        path: Its levels.
        rows_of: The rows of each category's own rules.
        products: The product of each row.
    """
    taken = np.zeros(0, np.int64)
    for depth in range(len(path), 0, -1):
        if len(taken) >= _ENOUGH:
            break
        own = rows_of.get(CATEGORY_SEPARATOR.encode().join(path[:depth]), np.zeros(0, np.int64))
        taken = np.concatenate([taken, own[~np.isin(products[own], products[taken])]])
    return taken
