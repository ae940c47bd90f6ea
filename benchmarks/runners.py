"""Whether Beam's portable runner makes of a shop's tables what the local one makes, and what it costs.

    python benchmarks/runners.py [--config FILE] [--environment process] [--workers 2] [--root DIR]

Without `--config` the shop is made up. The pipeline runs twice, each time in a process of its own, and all that nodes
write before anything is trained is compared row by row: tables, examples, rules, texts' vectors. The order of rows, and
with it what is learned, is the runner's.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import typer

from benchmarks.artifact_rows import rows_of_run, unequal
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_folder
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop

_HERE = Path(__file__).resolve().parents[1]
_CONFIG = """
tables: {products: products.parquet, events: events.parquet}
text: off
tasks:
  recommendation:
    towers: {dimensions: 16, layers: 1, history: 16}
    training: {max_epochs: 1}
    ranker: {max_epochs: 1, windows: 2}
    serving: {history_length: 32}
    rules: {min_support: 5}
"""


def made_up_shop(folder: Path, users: int) -> Path:
    """Writes a shop's tables and their configuration, and returns its file."""
    write_shop(folder, SyntheticShop(products=200, users=users))
    config = folder / "shop.yaml"
    config.write_text(_CONFIG, encoding="utf-8")
    return config


def run(config: Path, root: Path, *settings: str) -> float:
    """Returns the seconds that a run with these settings of `beam` took; a gate may have refused its models."""
    start = time.perf_counter()
    options = [part for setting in settings for part in ("--set", f"beam.{setting}")]
    command = [sys.executable, "-m", "tfx_pipeline", "run", "--config", str(config), "--root", str(root), *options]
    environment = {**os.environ, "PYTHONPATH": f"{_HERE}:{_HERE / 'serving' / 'client' / 'src'}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    # 3 is a gate's refusal: so small a shop teaches little.
    if done.returncode not in (0, 3):
        raise RuntimeError(f"The run with {settings} ended with {done.returncode}: {done.stdout[-2000:]}")
    return time.perf_counter() - start


def main(
    config: Annotated[Path | None, typer.Option(help="Configuration; else a made-up shop's.")] = None,
    environment: Annotated[str, typer.Option(help="loopback, or process.")] = "loopback",
    workers: Annotated[int, typer.Option(min=1, help="Workers of the portable runner.")] = 2,
    users: Annotated[int, typer.Option(min=50, help="Users of the made-up shop.")] = 300,
    root: Annotated[Path | None, typer.Option(help="Folder of the runs; else a temporary one.")] = None,
) -> None:
    """Runs with both and compares."""
    print_machine("apache-beam", "tensorflow")
    with run_folder(root) as folder:
        config = config or made_up_shop(folder, users)
        local = run(config, folder / "local")
        portable = run(
            config, folder / "portable", "runner=portable", f"environment={environment}", f"workers={workers}"
        )
        rows = [rows_of_run(folder / name) for name in ("local", "portable")]
    differing = unequal(*rows)
    for name in sorted(rows[0]):
        print(f"{name:<56}{rows[0][name].total():>12,} rows  {'differ' if name in differing else 'equal'}")
    print_figures(
        {
            "equal": not differing and bool(rows[0]),
            "outputs": len(rows[0]),
            "local_seconds": local,
            "portable_seconds": portable,
            "time_ratio": ratio(portable, local),
        }
    )


if __name__ == "__main__":
    typer.run(main)
