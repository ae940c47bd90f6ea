"""What tasks share knows none of them, and no task is built on another one."""

from pathlib import Path

import pytest

from tests.test_layering import ROOT, imported_names

TASKS = ("recommendation", "search", "classification", "segmentation", "response", "demand", "support", "writing")
SHARED = ("checks", "events", "gate", "labels", "products", "pushing", "rules", "tables")


def imports_of(package: str, of: tuple[str, ...]) -> list[str]:
    """Lists what a package of components imports of others, one line each."""
    folders = {f"components.{name}" for name in of}
    return [
        f"{module.relative_to(ROOT)}:{line} imports {origin}"
        for module in sorted((ROOT / "components" / package).rglob("*.py"))
        for line, origin, _ in imported_names(Path(module.relative_to(ROOT)), module.read_text("utf-8"))
        if ".".join(origin.split(".")[:2]) in folders
    ]


@pytest.mark.parametrize("package", SHARED)
def test_shared_packages_import_no_task(package: str) -> None:
    assert imports_of(package, TASKS) == []


@pytest.mark.parametrize("task", TASKS)
def test_no_task_is_built_on_another_one(task: str) -> None:
    assert imports_of(task, tuple(other for other in TASKS if other != task)) == []


def test_the_walk_finds_imports() -> None:
    assert imports_of("recommendation", ("events",))
