"""Rules that a run has mined, read from their artifact; loads no TFX."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from trainer.artifacts.names import RULES_FACTS_FILE, RULES_PREFIX, shard_names

# Rules of a level that the summary holds, and the report shows.
_MOST_IN_SUMMARY = 30
_IN_SUMMARY = ("count", "confidence", "lift", "q_value")


def mined_levels(folder: Path) -> list[str]:
    """Returns the levels that an artifact has rules of."""
    return list(_options(folder)["levels"])


def level_rules(folder: Path, level: str, products: Sequence[str] = (), min_lift: float = 0.0) -> pa.Table:
    """Returns the rules of a level with the columns of `RULES_SCHEMA`, the strongest first.

    Args:
        folder: The artifact of BasketRules.
        level: One of `mined_levels`.
        products: Ids (or categories), of which a rule must have one on either side; none lets every rule through.
        min_lift: Least lift.
    """
    wanted = (ds.field("level") == level) & (ds.field("lift") >= min_lift)
    found = ds.dataset([str(file) for file in sorted(folder.glob(shard_names(RULES_PREFIX)))]).to_table(filter=wanted)
    if products:
        asked = {*products}
        sides = zip(found["antecedent"].to_pylist(), found["consequent"].to_pylist(), strict=True)
        found = found.filter(pa.array([bool(asked & {*left, right}) for left, right in sides], pa.bool_()))
    order = [(_options(folder)["order"], "descending"), ("count", "descending"), ("consequent", "ascending")]
    return found.take(pc.sort_indices(found, sort_keys=order))


def rules_summary(folder: Path) -> dict[str, Any]:
    """Returns what was mined and where it lies, for summary.json.

    Args:
        folder: The artifact of BasketRules.
    """
    description = _facts(folder)
    mined = {name: description[name] for name in ("events", "levels")}
    return {"uri": str(folder), **mined, "strongest": strongest_rules(folder)}


def strongest_rules(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Returns the strongest rules of each level as plain values, for summary.json.

    Returns:
        By level, rows of `bought` and `together_with`, lists of names as people read them, and the rule's measures.
    """
    found = {}
    for level in mined_levels(folder):
        rows = level_rules(folder, level).slice(0, _MOST_IN_SUMMARY).to_pylist()
        found[level] = [
            {
                "bought": shown_names(row["antecedent"], row["antecedent_titles"]),
                "together_with": shown_names([row["consequent"]], [row["consequent_title"]]),
                **{name: row[name] for name in _IN_SUMMARY},
            }
            for row in rows
        ]
    return found


def shown_names(names: Sequence[str], titles: Sequence[str | None]) -> list[str]:
    """Returns title and id of each member, or the one where they are the same."""
    return [
        name if title in (name, "", None) else f"{title} ({name})" for name, title in zip(names, titles, strict=True)
    ]


def _options(folder: Path) -> dict[str, Any]:
    options: dict[str, Any] = _facts(folder)["options"]
    return options


def _facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / RULES_FACTS_FILE).read_text(encoding="utf-8"))
    return facts
