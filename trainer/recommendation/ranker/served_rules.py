"""Mined rules of products as the served model wants them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.recommendation.together import ServedRules
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import RULES_FACTS_FILE, RULES_PREFIX, shards
from trainer.artifacts.parquet_files import read_parquet

_CARD_EXAMPLES = 5


def served_rules(uri: str, catalogue: pa.Table) -> ServedRules:
    """Reads the rules of products of an artifact; memory grows with them, as the served model's does.

    Args:
        uri: Artifact of BasketRules.
        catalogue: The catalogue that they were mined of; the row number is the product's index.
    """
    order = read_json(f"{uri}/{RULES_FACTS_FILE}")["options"]["order"]
    rules = read_parquet(shards(uri, RULES_PREFIX))
    rules = rules.filter(pc.equal(rules["level"], "product"))
    ids = catalogue["product_id"].combine_chunks()
    lists = rules["antecedent"].combine_chunks()
    lengths = pc.list_value_length(lists).to_numpy().astype(np.int64)
    members = pc.index_in(lists.flatten(), value_set=ids).to_numpy()
    antecedent = np.full((len(rules), int(lengths.max(initial=1))), -1, dtype=np.int32)
    row = np.repeat(np.arange(len(rules)), lengths)
    # Members come from the most frequent to the rarest; the served model finds a rule by its rarest.
    antecedent[row, np.repeat(np.cumsum(lengths), lengths) - 1 - np.arange(len(members))] = members
    columns: dict[str, Any] = {name: rules[name].to_numpy() for name in ("confidence", "lift")}
    return ServedRules(
        antecedent=antecedent,
        consequent=pc.index_in(rules["consequent"], value_set=ids).to_numpy(),
        strength=rules[order].to_numpy(),
        **columns,
    )


def rules_card(rules: ServedRules, catalogue: pa.Table) -> dict[str, Any]:
    """Returns what the model card says: the number of rules, and some products that one leads from on their own."""
    antecedent = np.asarray(rules.antecedent)
    alone = antecedent[(antecedent[:, 1:] < 0).all(axis=1), 0]
    examples = pa.array(np.unique(alone)[:_CARD_EXAMPLES])
    return {"count": len(antecedent), "examples": catalogue["product_id"].take(examples).to_pylist()}
