"""`shelfwise opinions`: what the reviews of a run say over time, and where it has changed."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.config.config import changed_config
from tfx_pipeline.report.opinions import FOLDER, alarm_words, read_table
from tfx_pipeline.summary.file import FILE_NAME, summary_of_run
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.terminal.console import console, plain_table
from tfx_pipeline.terminal.logs import logs_in

_NEGATIVE = "negative"
_MOST_LABELS = 20


def watch(root: Path, negative: Sequence[str], as_json: bool) -> None:
    """Writes the tables of opinions under the root and the run's report anew, and prints the alarms.

    Args:
        root: Folder of a run whose tables have `texts` with a time.
        negative: Labels of negative reviews; none takes the label `negative`.
        as_json: Whether to print JSON.

    Raises:
        InputError: There was no such run, or no review has such a label.
    """
    summary = summary_of_run(root)
    config = changed_config(summary.config, (), f"{root / FILE_NAME}")
    texts = _table(root, "Texts")
    if not texts:
        raise InputError(f"{root}: expected a run with the table `texts`, but its last run had none")
    labels = _negative_labels(texts, negative)
    console.print("loading Beam …")
    with logs_in(Path(os.devnull)):
        from components.opinions.watching import Watched, watch_opinions
        from tfx_pipeline.report.page import write_report

        watched = Watched(texts, _table(root, "Products"), labels, config.time_zone)
        partial = root / f"{FOLDER}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        watch_opinions(watched, str(partial), config.beam.arguments())
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        partial.rename(root / FOLDER)
        report = write_report(root, summary)
    _print(root, as_json)
    if not as_json:
        console.print(f"wrote {root / FOLDER} and {report}")


def _table(root: Path, table: str) -> list[str]:
    """Returns the files of a table artifact, none where the run had no such table."""
    try:
        folder = latest_artifact(root, f"{table}ExampleGen", "examples")
    except FileNotFoundError:
        return []
    return sorted(map(str, folder.glob("Split-all/*.parquet")))


def _negative_labels(texts: Sequence[str], wanted: Sequence[str]) -> frozenset[str]:
    labels: set[str] = set()
    for file in texts:
        names = pq.ParquetFile(file).schema_arrow.names
        if "timestamp" not in names:
            raise InputError(
                "`texts` has no column `timestamp`, so nothing can be said of weeks; give the reviews their time, and "
                "run again"
            )
        column = pq.read_table(file, columns=["label"], partitioning=None).column(0).combine_chunks()
        labels.update(value.decode() for value in pc.unique(pc.list_flatten(column)).to_pylist())
    chosen = frozenset(wanted or [_NEGATIVE])
    missing = sorted(chosen - labels)
    if missing:
        there = ", ".join(sorted(labels)[:_MOST_LABELS])
        raise InputError(f"--negative {missing[0]}: no text has that label; name the negative ones of {there}")
    return chosen


def _print(root: Path, as_json: bool) -> None:
    alarms = read_table(root, "alarms").to_pylist()
    if as_json:
        console.print_json(json.dumps(alarms, default=str))
        return
    table = plain_table("of", "weeks", "reviews", "negative", "usually")
    for alarm in alarms:
        table.add_row(*alarm_words(alarm))
    console.print(table if alarms else "no week was worse than usual, beyond chance")
