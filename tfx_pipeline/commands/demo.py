"""`shelfwise demo`: the whole way on Complete Journey, from a PyPI package to an answer over gRPC."""

import shutil
from importlib.resources import files
from pathlib import Path

from serving.model_names import CLASSIFICATION_MODEL
from tfx_pipeline.commands.demo_reviews import prepare_reviews
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.terminal.console import console


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
    shutil.copyfile(str(files("tfx_pipeline.config") / "demo.yaml"), config_file)
    console.print("preparing reviews …")
    missing = prepare_reviews(root / "reviews")
    if missing is None:
        config = load_config(config_file)
    else:
        console.print(f"the demo goes without its classifier of reviews: {missing}")
        others = [name for name in load_config(config_file).tasks.requested() if name != CLASSIFICATION_MODEL]
        config = load_config(config_file, ["tables.texts=null"], others)
    summary = run_pipeline(config, root)
    if summary.blessed:
        _ask(config, root)
    print_summary(summary, root)
    return summary.blessed


def _ask(config: Config, root: Path) -> None:
    """Starts a server and asks each model of a run."""
    from serving.client import Shelfwise
    from serving.server.background import server_process

    with server_process("--models", str(root / "serving")) as server, Shelfwise(server.grpc) as client:
        console.print(f"\nserver at {server.grpc}")
        for task, _ in config.tasks.with_options():
            task.demonstrate(client, root)
    console.print("server stopped")
