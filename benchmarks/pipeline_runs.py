"""Runs of the pipeline that benchmarks start, and what they read of them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.run_artifacts import latest_artifact


@contextmanager
def run_folder(root: Path | None) -> Iterator[Path]:
    """Yields the folder that the caller gave, or a temporary one."""
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
        yield root
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def run_beside_data(
    configuration: str, folder: Path, overrides: Sequence[str] = (), root: Path | None = None
) -> RunSummary:
    """Writes a configuration into the folder where its tables are, runs it, and returns the summary.

    Args:
        configuration: YAML; its relative paths start at `folder`.
        folder: Where the tables are.
        overrides: key.key=value on top of it.
        root: Folder of what the run makes; `folder` if left out.
    """
    file = folder / "config.yaml"
    file.write_text(configuration, encoding="utf-8")
    return run_pipeline(load_config(file, overrides), root or folder)


def config_of_run(root: Path) -> Config:
    """Returns the configuration that a run wrote into its summary, where a task that was not asked for is null."""
    values = summary_of_run(root).config
    tasks = {name: options for name, options in values["tasks"].items() if options is not None}
    return Config.model_validate({**values, "tasks": tasks})


def served_model(root: Path, node: str) -> Path:
    """Returns the folder of the model that the newest execution of an index node wrote."""
    return latest_artifact(root, node, "model") / "Format-Serving"


def training_seconds(summary: RunSummary, node: str) -> float:
    """Returns the seconds of a trainer's node, 0 where it came from the cache."""
    return summary.seconds.get(node, 0.0)
