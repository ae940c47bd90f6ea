"""The packages of the trainer depend on each other one way."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TRAINER = Path(__file__).resolve().parent.parent.parent / "trainer"
PACKAGES = sorted(path.parent.name for path in TRAINER.glob("*/__init__.py"))
# What belongs to no task knows none.
SHARED = ("artifacts", "clusters", "fitting", "metrics", "text")


def imported_packages(package: str) -> set[str]:
    """Names the other packages of the trainer that a package imports from."""
    nodes = [
        node for path in (TRAINER / package).rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    found = {module.split(".")[1] for module in modules if module.startswith("trainer.")}
    return found & set(PACKAGES) - {package}


def test_no_packages_import_each_other() -> None:
    order = list(TopologicalSorter({package: imported_packages(package) for package in PACKAGES}).static_order())
    assert sorted(order) == PACKAGES


@pytest.mark.parametrize("package", SHARED)
def test_what_is_shared_knows_no_task(package: str) -> None:
    assert imported_packages(package) <= set(SHARED)
