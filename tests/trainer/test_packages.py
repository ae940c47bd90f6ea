"""What belongs to no task knows none."""

import ast
from pathlib import Path

import pytest

TRAINER = Path(__file__).resolve().parent.parent.parent / "trainer"
PACKAGES = {path.parent.name for path in TRAINER.glob("*/__init__.py")}
SHARED = {"artifacts", "clusters", "fitting", "metrics", "text", "workers"}


def imported_packages(package: str) -> set[str]:
    """Names the other packages of the trainer that a package imports from."""
    sources = [path.read_text("utf-8") for path in (TRAINER / package).rglob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    found = {module.split(".")[1] for module in modules if module.startswith("trainer.")}
    return found & PACKAGES - {package}


@pytest.mark.parametrize("package", sorted(SHARED))
def test_what_is_shared_knows_no_task(package: str) -> None:
    assert imported_packages(package) <= SHARED


def test_a_task_knows_what_is_shared() -> None:
    assert {"artifacts", "fitting", "text"} <= imported_packages("search")
