"""How time and memory of a whole run of search grow with the catalogue.

    python benchmarks/titles_scale.py --out DIR [--titles 50000 200000]

Each run is `shelfwise run` in a process of its own, on titles made with a seed as in `search_growth.py`, of which
nobody has asked anything yet. `DIR/TITLES` keeps each run; a folder that is there already is begun anew. The pair
`--titles 1000 4000` takes minutes.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow.parquet as pq
import typer

from benchmarks.command_line import THIS_PYTHON
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.search_growth import made_titles
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.model import RunSummary

_GIBIBYTE = 1 << 30
_CONFIG = "name: titles-scale\ntables: {products: products.parquet}\ntext: {fields: [title]}\ntasks: {search: {}}\n"


def run(folder: Path, titles: int) -> RunSummary:
    """Runs search on so many titles in a process of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pq.write_table(made_titles(titles), folder / "products.parquet")
    config = folder / "shop.yaml"
    config.write_text(_CONFIG, encoding="utf-8")
    command = [THIS_PYTHON, "-m", "tfx_pipeline", "run", "--config", str(config), "--root", str(folder / "root")]
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            command, stdout=log, stderr=log, cwd=Path(__file__).resolve().parents[1], check=False
        ).returncode
    # A gate that refuses a model of made words, which is 3, does not shorten the run by anything but the push.
    if done not in (0, 3):
        raise RuntimeError(f"The run with {titles} titles ended with {done}; {folder / 'log.txt'} says why.")
    summary = summary_of_run(folder / "root")
    print(
        f"{titles:10,} titles {summary.total_seconds:10.1f} s {summary.peak_rss_bytes / _GIBIBYTE:8.2f} GiB", flush=True
    )
    for node, seconds in sorted(summary.node_cpu_seconds.items(), key=lambda each: -each[1])[:8]:
        print(f"    {node:<24}{seconds:10.1f} s of the processors", flush=True)
    return summary


def main(
    out: Annotated[Path, typer.Option(help="Folder that the runs are kept in.")],
    titles: Annotated[tuple[int, int], typer.Option(help="Titles of both shops, the smaller first.", min=100)] = (
        50_000,
        200_000,
    ),
) -> None:
    """Runs both and prints the larger by the smaller."""
    print_machine("tensorflow", "keras", "tfx")
    few, many = (run(out.resolve() / str(count), count) for count in titles)
    print_figures(
        {
            "time_ratio": ratio(many.total_seconds, few.total_seconds),
            "cpu_ratio": ratio(sum(many.node_cpu_seconds.values()), sum(few.node_cpu_seconds.values())),
            "memory_ratio": ratio(many.peak_rss_bytes, few.peak_rss_bytes),
            "few_seconds": few.total_seconds,
            "many_seconds": many.total_seconds,
            "few_gib": few.peak_rss_bytes / _GIBIBYTE,
            "many_gib": many.peak_rss_bytes / _GIBIBYTE,
        }
    )


if __name__ == "__main__":
    typer.run(main)
