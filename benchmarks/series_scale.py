"""How time and memory of demand grow with the series, node by node, on a made-up shop.

    python benchmarks/series_scale.py [--thousands 2 20] [--weeks 104] [--out DIR]

Each size is run by `shelfwise run`, one after the other: a purchase row a product and week, prices that change now and
then, no texts, the training of the defaults. What a node takes for a thousand series is compared between the two sizes.
Not everything grows with the series: training draws at most `max_windows` windows an epoch, and baselines are asked
about at most `gate.baseline_series` series. With `--out` the tables and runs stay, and a run that is there is not made
again.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_folder
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.model import RunSummary

_HERE = Path(__file__).resolve().parents[1]
_CONFIG = """
tables: {events: events.parquet}
text: off
tasks:
  demand: {}
"""
# A Monday, 2024-01-01.
_FIRST_DAY, _DAY_SECONDS = 19_723, 86_400
_AT_ONCE = 2_000
# A node that is done in less says little of how it grows.
_LEAST_SECONDS = 5.0


def write_events(file: Path, series: int, weeks: int) -> int:
    """Writes purchases of so many products over so many weeks, and returns how many rows there are.

    Units of a product are Poisson around a level of its own, most of which are low, and more where its price is low.
    """
    random = np.random.default_rng(0)
    rows = 0
    names = ("user_id", "product_id", "event_type", "timestamp", "quantity", "price")
    kinds = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.float32(), pa.float32())
    with pq.ParquetWriter(file, pa.schema(list(zip(names, kinds, strict=True)))) as writer:
        for start in range(0, series, _AT_ONCE):
            count = min(_AT_ONCE, series - start)
            cheap = random.random((count, weeks)) < 0.1
            units = random.poisson(random.gamma(1.0, 4.0, (count, 1)) * np.where(cheap, 2.0, 1.0))
            # The first and the last week are whole, and each series begins and ends somewhere.
            units[:, [0, -1]] += 1
            product, week = np.nonzero(units)
            begins = _FIRST_DAY + 7 * week
            day = begins + np.where(week == 0, 0, np.where(week == weeks - 1, 6, random.integers(0, 7, len(week))))
            prices = np.where(cheap, 2.5, 3.0)[product, week]
            ids = np.char.add("p", (start + product).astype(str))
            columns = (
                pa.array(["u"] * len(ids)),
                pa.array(ids),
                pa.array(["purchase"] * len(ids)),
                pa.array(day * _DAY_SECONDS + 43_200),
                pa.array(units[product, week].astype(np.float32)),
                pa.array(prices.astype(np.float32)),
            )
            writer.write_table(pa.table(dict(zip(names, columns, strict=True)), writer.schema))
            rows += len(ids)
    return rows


def run_size(series: int, weeks: int, folder: Path) -> RunSummary:
    """Returns the summary of a run over so many series."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "events.parquet").exists():
        write_events(folder / "events.parquet", series, weeks)
    (folder / "shop.yaml").write_text(_CONFIG, encoding="utf-8")
    if not (folder / "root" / "summary.json").exists():
        command = [sys.executable, "-m", "tfx_pipeline", "run", "--config", "shop.yaml", "--root", "root"]
        environment = {**os.environ, "PYTHONPATH": f"{_HERE}:{_HERE / 'serving' / 'client' / 'src'}"}
        done = subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr, check=False)
        # 3 is a gate's refusal, which says nothing of time and memory.
        if done.returncode not in (0, 3):
            raise RuntimeError(f"The run over {series:,} series ended with {done.returncode}.")
    return summary_of_run(folder / "root")


def main(
    thousands: Annotated[tuple[float, float], typer.Option(help="Series of the two shops, in thousands.")] = (
        2.0,
        20.0,
    ),
    weeks: Annotated[int, typer.Option(min=40, help="Weeks of both.")] = 104,
    out: Annotated[Path | None, typer.Option(help="Folder that keeps tables and runs; else a temporary one.")] = None,
) -> None:
    """Runs both sizes and compares their nodes."""
    print_machine("apache-beam", "tensorflow", "statsforecast")
    with run_folder(out) as folder:
        small, large = (run_size(round(1_000 * each), weeks, folder / f"{each:g}_thousand") for each in thousands)
    few, many = thousands
    print(f"{'node':<30}{few:>12g} thousand{many:>14g} thousand{'peak':>12}{'ratio':>8}")
    for node, seconds in small.seconds.items():
        more = large.seconds[node]
        peak = large.node_peak_bytes.get(node, 0) / 2**30
        grown = f"{ratio(more / many, seconds / few) or 0.0:.2f}" if more >= _LEAST_SECONDS else ""
        print(f"{node:<30}{seconds:>19.1f} s{more:>21.1f} s{peak:>8.2f} GiB{grown:>8}")
    print_figures(
        {
            "small_seconds": small.total_seconds,
            "large_seconds": large.total_seconds,
            "large_cpu_seconds": sum(large.node_cpu_seconds.values()),
            "small_peak_gib": small.peak_rss_bytes / 2**30,
            "peak_gib": large.peak_rss_bytes / 2**30,
            "node_peak_gib": max(large.node_peak_bytes.values(), default=0) / 2**30,
            "series": round(1_000 * many),
        }
    )


if __name__ == "__main__":
    typer.run(main)
