"""`shelfwise rules`: the rules that a run has mined, as a table, Parquet or CSV; loads no TFX."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from components.errors import InputError
from serving.model_names import RECOMMENDATION_MODEL
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.tasks.recommendation.mined_rules import level_rules, mined_levels, shown_names
from tfx_pipeline.terminal.console import console, listing

# What is shown of a rule beside its two sides.
_SHOWN = {"count": "{:,}", "confidence": "{:.3f}", "lift": "{:.2f}", "q_value": "{:.2g}", "stability": "{:.2f}"}
_FORMATS = ("table", "parquet", "csv")
_LIST_COLUMNS = ("antecedent", "antecedent_titles")


def rules(
    root: Path, *, level: str, products: Sequence[str], min_lift: float, k: int, form: str, out: Path | None
) -> None:
    """Prints the strongest rules, or writes all of them to a file.

    Args:
        root: Folder of a run.
        level: `product` or `category`.
        products: Ids (or categories), of which a rule must have one on either side; none lets every rule through.
        min_lift: Least lift.
        k: Rows of the printed table.
        form: `table` on the terminal, or `parquet` or `csv`, the format of the file.
        out: The file, for any other format than the table.

    Raises:
        InputError: The run mined no rules, or format and file do not go together.
    """
    if form not in _FORMATS:
        raise InputError(f"--format {form}: expected one of {', '.join(_FORMATS)}")
    if (form == "table") != (out is None):
        raise InputError(f"--format {form} {'prints, it takes no --out' if out else 'needs --out FILE'}")
    found = read_rules(root, level, products, min_lift)
    if out is None:
        print_rules(found, k)
        return
    if form == "parquet":
        pq.write_table(found, out)
    else:
        csv.write_csv(_with_texts(found), out)
    console.print(f"wrote {len(found):,} rules to {out}")


def read_rules(root: Path, level: str, products: Sequence[str] = (), min_lift: float = 0.0) -> pa.Table:
    """Returns the rules of a level with the columns of `RULES_SCHEMA`, the strongest first.

    Raises:
        InputError: The run mined no rules, or not of this level.
    """
    folder = _rules_folder(root)
    levels = mined_levels(folder)
    if level not in levels:
        raise InputError(f"{root}: the run mined rules of {', '.join(levels)} only, none of `{level}`")
    return level_rules(folder, level, products, min_lift)


def _rules_folder(root: Path) -> Path:
    done = summary_of_run(root).tasks.get(RECOMMENDATION_MODEL)
    mined = None if done is None else done.detail("rules")
    if mined is None:
        raise InputError(f"{root}: the last run mined no rules; set `tasks.recommendation.rules` and run again")
    return Path(mined["uri"])


def _with_texts(found: pa.Table) -> pa.Table:
    """Returns the rules with lists as JSON, which keeps members apart whatever characters they hold."""
    for name in _LIST_COLUMNS:
        texts = [json.dumps(members, ensure_ascii=False) for members in found[name].to_pylist()]
        found = found.set_column(found.column_names.index(name), name, pa.array(texts, pa.string()))
    return found


def print_rules(found: pa.Table, k: int) -> None:
    """Prints the first `k` of some rules with the columns of `RULES_SCHEMA`."""
    if not len(found):
        console.print("no rule fits")
        return
    names = [name.replace("_", " ") for name in _SHOWN]
    table = listing(*names, "bought → together with", figures=len(names))
    for row in found.slice(0, k).to_pylist():
        left = " + ".join(shown_names(row["antecedent"], row["antecedent_titles"]))
        (right,) = shown_names([row["consequent"]], [row["consequent_title"]])
        figures = ["" if row[name] is None else form.format(row[name]) for name, form in _SHOWN.items()]
        table.add_row(*figures, f"{left} → {right}")
    console.print(table)
    if len(found) > k:
        console.print(f"the strongest {k:,} of {len(found):,} rules")
