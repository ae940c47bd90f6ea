"""Runs BasketRules' executor on plain rows, and reads back what it wrote."""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
from tfx.types import Artifact

from components.artifacts import AssociationRules, Catalogue
from components.products.catalogue import write_catalogue, write_catalogue_facts
from components.rules.node import BasketRulesExecutor
from components.rules.options import RulesOptions
from tests.components.tables.plain_artifacts import table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.artifacts.catalogue import CATALOGUE_SCHEMA
from trainer.artifacts.json_files import read_json

# Everything counts: no confidence, lift or chance keeps a rule out.
EVERY_RULE = {"min_confidence": 0.0, "min_lift": 0.0, "max_q_value": 1.0, "max_rules_per_product": 10**6}


class RulesRun(NamedTuple):
    """What a run wrote."""

    itemsets: pa.Table
    rules: pa.Table
    facts: dict[str, Any]
    uri: str

    def counts(self, level: str = "product") -> dict[tuple[str, ...], int]:
        """The count of each itemset of a level, by its members in order of name."""
        rows = [row for row in self.itemsets.to_pylist() if row["level"] == level]
        counts = {tuple(sorted(row["items"])): row["count"] for row in rows}
        assert len(counts) == len(rows)
        return counts

    def rule(self, antecedent: set[str], consequent: str) -> dict[str, Any] | None:
        """The one rule of these two sides, or None."""
        found = [
            row
            for row in self.rules.to_pylist()
            if set(row["antecedent"]) == antecedent and row["consequent"] == consequent
        ]
        return found[0] if found else None


def purchases(baskets: list[list[str]], **columns: Any) -> list[dict[str, Any]]:
    """One user's purchases, each basket with an id and a day of its own."""
    return [
        {
            "user_id": "u",
            "product_id": product,
            "event_type": "purchase",
            "timestamp": 86_400 * number,
            "basket_id": f"b{number}",
            **columns,
        }
        for number, basket in enumerate(baskets)
        for product in basket
    ]


def run_rules(
    folder: Path,
    options: RulesOptions,
    events: list[dict[str, Any]],
    categories: dict[str, str] | None = None,
    products: list[str] | None = None,
    **facts: Any,
) -> RulesRun:
    """Writes rows as artifacts, runs the executor, reads its outputs."""
    ids = sorted({event["product_id"] for event in events} if products is None else products, key=str.encode)
    catalogue = catalogue_artifact(folder, ids, categories, **facts)
    return mine(folder, options, table_artifact(folder / "events", events, files=2), catalogue)


def catalogue_artifact(
    folder: Path, ids: list[str], categories: dict[str, str] | None = None, **facts: Any
) -> Catalogue:
    """Writes a catalogue of ids alone."""
    catalogue = Catalogue()
    catalogue.uri = str(folder / "catalogue")
    (folder / "catalogue").mkdir(parents=True)
    write_catalogue(catalogue.uri, catalogue_table(ids, categories or {}))
    write_catalogue_facts(catalogue.uri, {**catalogue_facts(), **facts})
    return catalogue


def mine(
    folder: Path, options: RulesOptions, events: Artifact, catalogue: Artifact, time_zone: str = "UTC"
) -> RulesRun:
    """Runs the executor on artifacts, reads its outputs."""
    rules = AssociationRules()
    rules.uri = str(folder / "rules")
    BasketRulesExecutor(beam_context(folder)).Do(
        {"events": [events], "catalogue": [catalogue]},
        {"rules": [rules]},
        {"options_json": options.model_dump_json(), "time_zone": time_zone, "source_digest": "any"},
    )
    itemsets, found = (
        ds.dataset(sorted(map(str, (folder / "rules").glob(f"{name}-*.parquet")))).to_table()
        for name in ("itemsets", "rules")
    )
    return RulesRun(itemsets, found, read_json(f"{rules.uri}/rules.json"), rules.uri)


def catalogue_table(ids: list[str], categories: dict[str, str]) -> pa.Table:
    """A catalogue of ids alone."""
    filled: dict[str, list[Any]] = {name: [None] * len(ids) for name in CATALOGUE_SCHEMA.names}
    filled["product_id"], filled["category"] = ids, [categories.get(product, "") for product in ids]
    return pa.table(filled, schema=CATALOGUE_SCHEMA)


def catalogue_facts() -> dict[str, Any]:
    """What RecommendationExamples says of the catalogue, with all events in the towers' period."""
    return {
        "event_types": ["view", "purchase"],
        "event_weights": [1.0, 1.0],
        "bought_event_type": "purchase",
        "has_timestamps": True,
        "validation_start": 10**12,
        "test_start": 10**12 + 1,
    }
