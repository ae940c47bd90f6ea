"""`shelfwise demo`: the whole way on Complete Journey, from a PyPI package to an answer over gRPC."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from tfx_pipeline.config import load_config
from tfx_pipeline.console import console
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.start import run_pipeline
from tfx_pipeline.summary_table import print_summary

_EXAMPLE_USER = "1"
_STOP_SECONDS = 30


def run_demo(root: Path) -> bool:
    """Prepares, trains, pushes, serves and asks once.

    Args:
        root: Folder for data, configuration and everything the run makes.

    Returns:
        Whether the model was blessed.
    """
    console.print("preparing the tables of Complete Journey …")
    prepare_dataset("complete_journey", root / "data", source=None, sample=1.0)
    config_file = root / "demo.yaml"
    shutil.copyfile(str(files("tfx_pipeline") / "configs" / "demo.yaml"), config_file)
    summary = run_pipeline(load_config(config_file), root)
    blessed = all(task["blessed"] for task in summary["tasks"].values())
    if blessed:
        _ask_once(root)
    print_summary(summary, root)
    return blessed


def _ask_once(root: Path) -> None:
    from serving.client import Shelfwise
    from tfx_pipeline.client_commands import print_answers, read_history

    history = read_history([], _EXAMPLE_USER, root / "data" / "events.parquet")
    with running_server(root) as address, Shelfwise(address) as client:
        console.print(
            f"\nserver at {address}: household {_EXAMPLE_USER}, products it has not bought before", markup=False
        )
        answer = client.recommend(
            history.product_ids,
            history_types=history.event_types,
            history_ages_seconds=history.ages_seconds,
            k=30,
            include_bought=False,
        )
    print_answers(answer, k=5, as_json=False)
    console.print("server stopped")


@contextmanager
def running_server(root: Path) -> Iterator[str]:
    """Runs `shelfwise serve` on a free port and yields its address."""
    command = [sys.executable, "-m", "tfx_pipeline", "serve", "--root", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            lines = process.stdout or ()
            address = next((line.split()[-1] for line in lines if line.startswith("ready")), None)
            if address is None:
                raise RuntimeError("the server ended before it was ready; `shelfwise serve` shows why")
            yield address
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
