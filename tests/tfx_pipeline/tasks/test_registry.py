"""What every task in the registry keeps to, and what is said of a package's task that does not."""

import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

from components.dotted_names import load_function
from serving.client import AsyncShelfwise, Shelfwise
from tfx_pipeline.tasks.registry import TASKS, all_tasks
from tfx_pipeline.tasks.task import Task

EVERY = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


@EVERY
def test_both_clients_have_its_methods(task: Task[Any]) -> None:
    assert task.client_methods
    for name in task.client_methods:
        assert inspect.iscoroutinefunction(getattr(AsyncShelfwise, name))
        assert not inspect.iscoroutinefunction(getattr(Shelfwise, name))


def test_no_method_belongs_to_two_tasks() -> None:
    names = [name for task in TASKS.values() for name in task.client_methods]
    assert len(names) == len(set(names))


@EVERY
def test_its_checks_take_a_client_and_a_model(task: Task[Any]) -> None:
    checks = load_function(task.checks_fn, "checks_fn", "components.checks.search.failed_checks")
    assert list(inspect.signature(checks).parameters) == ["client", "model"]


@EVERY
def test_what_is_drawn_is_looked_at_first(task: Task[Any]) -> None:
    assert set(task.drawn) <= set(task.headline)


@EVERY
def test_options_have_defaults(task: Task[Any]) -> None:
    assert task.options_class() == task.options_class.model_validate({})


def add_package(site: Path, source: str) -> None:
    (site / "brought.py").write_text(source, encoding="utf-8")
    info = site / "brought-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[shelfwise.tasks]\nbrought = brought:TASK\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import nowhere_at_all\n",
            "brought:TASK of `shelfwise.tasks` cannot be loaded: ModuleNotFoundError: .*Mend or",
        ),
        ("TASK = 'no task'\n", "brought:TASK of `shelfwise.tasks` should name an instance of .*Task, got 'no task'"),
        (
            "from tfx_pipeline.tasks.search.task import SearchTask\nTASK = SearchTask()\n",
            "brought:TASK adds a task `search`, but there is one already",
        ),
    ],
)
def test_a_package_that_brings_no_task_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    add_package(tmp_path, source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "brought", raising=False)
    with pytest.raises(RuntimeError, match=message):
        all_tasks()
