"""How time and memory of recommendation grow with the events, node by node, on a made-up shop.

    python benchmarks/events_scale.py [--millions 4 16] [--out DIR] [--products 20000]

Each size is run by `shelfwise run` in a process of its own: one epoch, texts off. What a node takes for a million
events is compared between the two sizes: by seconds of the processors, which tell the same on a machine that does
other things beside. With `--out` the tables and runs stay, and a run that is there is not made
again. Not everything grows with events: what grows with products, or is bounded by an option, is in the table too.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_folder
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.model import RunSummary

_HERE = Path(__file__).resolve().parents[1]
_MILLION = 1_000_000
_CONFIG = """
tables: {products: products.parquet, events: events.parquet}
text: off
tasks:
  recommendation:
    training: {max_epochs: 1}
"""
# A node that is done in less says little of how it grows.
_LEAST_SECONDS = 5.0


def run_size(millions: float, products: int, folder: Path) -> tuple[RunSummary, int]:
    """Returns the summary of a run over about so many million events, and how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "users.parquet").exists():
        usual = SyntheticShop()
        users = round(millions * _MILLION / usual.events_per_user)
        write_shop(folder, SyntheticShop(products=products, users=users))
    (folder / "shop.yaml").write_text(_CONFIG, encoding="utf-8")
    if not (folder / "root" / "summary.json").exists():
        command = [sys.executable, "-m", "tfx_pipeline", "run", "--config", "shop.yaml", "--root", "root"]
        environment = {**os.environ, "PYTHONPATH": f"{_HERE}:{_HERE / 'serving' / 'client' / 'src'}"}
        done = subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr, check=False)
        # 3 is a gate's refusal, which says nothing of time and memory.
        if done.returncode not in (0, 3):
            raise RuntimeError(f"The run over {millions:g} million events ended with {done.returncode}.")
    return summary_of_run(folder / "root"), pq.read_metadata(folder / "events.parquet").num_rows


def main(
    millions: Annotated[tuple[float, float], typer.Option(help="Events of the two shops, in millions.")] = (4.0, 16.0),
    products: Annotated[int, typer.Option(min=8, help="Products of both.")] = 20_000,
    out: Annotated[Path | None, typer.Option(help="Folder that keeps tables and runs; else a temporary one.")] = None,
) -> None:
    """Runs both sizes and compares their nodes."""
    print_machine("apache-beam", "tensorflow")
    with run_folder(out) as folder:
        found = [run_size(each, products, folder / f"{each:g}_million") for each in millions]
    (small, few), (large, many) = found
    print(f"{'node':<36}{few:>14,} events{many:>14,} events{'s a million':>18}{'ratio':>8}")
    worst = 0.0
    for node, seconds in small.node_cpu_seconds.items():
        more = large.node_cpu_seconds[node]
        each = seconds / few * _MILLION, more / many * _MILLION
        grown = ratio(each[1], each[0]) or 0.0
        if more >= _LEAST_SECONDS:
            worst = max(worst, grown)
        print(f"{node:<36}{seconds:>19.1f} s{more:>19.1f} s{each[0]:>9.2f}{each[1]:>9.2f}{grown:>8.2f}")
    per_million = [summary.total_seconds / events * _MILLION for summary, events in found]
    cpu_per_million = [sum(summary.node_cpu_seconds.values()) / events * _MILLION for summary, events in found]
    print_figures(
        {
            "per_million_ratio": ratio(per_million[1], per_million[0]),
            "cpu_per_million_ratio": ratio(cpu_per_million[1], cpu_per_million[0]),
            "worst_node_ratio": worst,
            "peak_gib": large.peak_rss_bytes / 2**30,
            "small_peak_gib": small.peak_rss_bytes / 2**30,
            "small_seconds": small.total_seconds,
            "large_seconds": large.total_seconds,
            "events": many,
        }
    )


if __name__ == "__main__":
    typer.run(main)
