"""Whether the opinion watch finds planted bad weeks and copied reviews, and nothing else.

    python benchmarks/opinions.py

A shop's reviews are made up with bad weeks of single products and with copied reviews (`opinion_reviews.py`). An alarm
of a product is right if a planted stretch of it has a week in common with it; a marked review is right if it is a
planted copy. There is no peer that does all of it.
"""

import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.opinion_reviews import FIRST_MONDAY, WEEK_SECONDS, Planted, planted_reviews, write_artifacts
from components.opinions.watching import Watched, watch_opinions
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS


def main(
    products: Annotated[int, typer.Option(help="Products.")] = 120,
    weeks: Annotated[int, typer.Option(help="Weeks.")] = 60,
    bad: Annotated[int, typer.Option(help="Planted bad stretches.")] = 30,
    copied: Annotated[int, typer.Option(help="Reviews that are copied, four to nine times each.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed of the made-up reviews.")] = 0,
) -> None:
    """Makes reviews up, watches them, and counts."""
    print_machine("apache-beam", "scipy")
    planted = planted_reviews(products=products, weeks=weeks, bad=bad, copied=copied, seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts, catalogue = write_artifacts(planted, folder)
        began = time.perf_counter()
        watch_opinions(
            Watched([texts], [catalogue], frozenset({"negative"}), "UTC"), str(folder / "out"), LOCAL_BEAM_ARGS
        )
        seconds = time.perf_counter() - began
        alarms, marked = (read(folder / "out", name) for name in ("alarms", "marked"))
    weeks_recall, weeks_precision = of_weeks(planted, alarms)
    copies_recall, copies_precision = of_copies(planted, marked)
    print(
        f"{len(planted.rows['text']):,} reviews, {len(planted.bad_weeks)} bad stretches, {len(planted.copies)} copies"
    )
    print_figures(
        {
            "recall": min(weeks_recall, copies_recall),
            "precision": min(weeks_precision, copies_precision),
            "weeks_recall": weeks_recall,
            "weeks_precision": weeks_precision,
            "copies_recall": copies_recall,
            "copies_precision": copies_precision,
            "reviews": len(planted.rows["text"]),
            "seconds": seconds,
        }
    )


def read(folder: Path, name: str) -> pa.Table:
    """Returns one of the tables that were written."""
    return pa.concat_tables([pq.read_table(file) for file in sorted(folder.glob(f"{name}-*.parquet"))])


def of_weeks(planted: Planted, alarms: pa.Table) -> tuple[float, float]:
    """Returns which share of the planted stretches is found, and which share of the alarms of products is right."""
    found = [
        (row["name"], _week(row["first_week"]), _week(row["last_week"]))
        for row in alarms.to_pylist()
        if row["level"] == "product"
    ]
    recall = sum(any(_meet(stretch, alarm) for alarm in found) for stretch in planted.bad_weeks)
    right = sum(any(_meet(stretch, alarm) for stretch in planted.bad_weeks) for alarm in found)
    return recall / len(planted.bad_weeks), right / max(len(found), 1)


def of_copies(planted: Planted, marked: pa.Table) -> tuple[float, float]:
    """Returns which share of the planted copies is marked, and which share of the marked reviews is right."""
    names = ("product_id", "timestamp", "text")
    rows = {tuple(planted.rows[name][row] for name in names) for row in planted.copies}
    found = {tuple(row[name] for name in names) for row in marked.to_pylist() if row["mark"] == "copy"}
    return len(rows & found) / len(rows), len(rows & found) / max(len(found), 1)


def _week(day: date) -> int:
    return (day - (date(1970, 1, 1) + timedelta(seconds=FIRST_MONDAY))).days * 86_400 // WEEK_SECONDS


def _meet(first: tuple[str, int, int], second: tuple[str, int, int]) -> bool:
    return first[0] == second[0] and first[1] <= second[2] and second[1] <= first[2]


if __name__ == "__main__":
    typer.run(main)
