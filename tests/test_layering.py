"""Imports point one way and go in no circle, private names stay in their folder, and folders stay small."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The distribution of its own that the last layer's folder holds.
CLIENT_PROJECT = ROOT / "serving" / "client"
CLIENT = "shelfwise_client"
# From left to right: each may import itself and what stands to its right.
LAYERS = ("tfx_pipeline", "components", "trainer", "serving")
ORDER = (*LAYERS, CLIENT)
MOST_MODULES = 15


def files_of(layer: str) -> list[Path]:
    """Returns the files of a layer without those of the client's project, of which a layer has the re-export only."""
    return [
        path
        for path in (ROOT / layer).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and (CLIENT_PROJECT not in path.parents or path == CLIENT_PROJECT / "__init__.py")
    ]


MODULES = sorted(path.relative_to(ROOT) for layer in LAYERS for path in files_of(layer) if path.suffix == ".py")
CLIENT_MODULES = sorted(
    path.relative_to(CLIENT_PROJECT / "src") for path in (CLIENT_PROJECT / "src" / CLIENT).rglob("*.py")
)


def imported_names(module: Path, source: str) -> Iterator[tuple[int, str, str]]:
    """Yields line, module and name (or "") of each absolute or relative import, wherever it stands."""
    package = module.with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*parent, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, origin, alias.name


def violations(module: Path, source: str) -> list[str]:
    """Lists what a module imports against the rules, one line each."""
    found = []
    layer = ORDER.index(module.parts[0])
    for line, origin, name in imported_names(module, source):
        parts = [*origin.split("."), *([name] if name else [])]
        if parts[0] not in ORDER:
            continue
        place = f"{module}:{line} imports {'.'.join(parts)}"
        if ORDER.index(parts[0]) < layer:
            found.append(f"{place}: {module.parts[0]} may import {', '.join(ORDER[layer:])} only")
        private = [i for i, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")]
        # A private name belongs to the folder of the module, or package, that holds it.
        if private and tuple(parts[: private[0]])[: len(module.parts) - 1] != module.parts[:-1]:
            found.append(f"{place}: {parts[private[0]]} is private to another folder")
    return found


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_imports_point_right_and_leave_private_names_alone(module: Path) -> None:
    assert violations(module, (ROOT / module).read_text("utf-8")) == []


@pytest.mark.parametrize("module", CLIENT_MODULES, ids=str)
def test_the_client_imports_nothing_of_the_layers_and_nothing_else_than_it_depends_on(module: Path) -> None:
    source = (CLIENT_PROJECT / "src" / module).read_text("utf-8")
    assert violations(module, source) == []
    outside = {origin.partition(".")[0] for _, origin, _ in imported_names(module, source)} - sys.stdlib_module_names
    assert outside <= {CLIENT, "google", "grpc", "numpy"}


@pytest.mark.parametrize(
    ("module", "source", "count"),
    [
        ("shelfwise_client/call.py", "from serving.graph import filters", 1),
        ("shelfwise_client/call.py", "from shelfwise_client.channel import _SERVICES", 0),
        ("serving/client/search.py", "from shelfwise_client.channel import _SERVICES", 1),
        ("serving/client/search.py", "import trainer.features", 1),
        ("serving/client/search.py", "def f():\n    from tfx_pipeline import config", 1),
        ("trainer/towers.py", "from components.errors import InputError", 1),
        ("trainer/towers.py", "from serving import signatures\nimport tensorflow as tf", 0),
        ("tfx_pipeline/cli.py", "from components.errors import InputError\nfrom trainer import options", 0),
        ("tfx_pipeline/cli.py", "from components.errors import _secret", 1),
        ("tfx_pipeline/cli.py", "from components._secret import name", 1),
        ("tfx_pipeline/tasks/search.py", "from tfx_pipeline.tables import _columns", 1),
        ("tfx_pipeline/tasks/search.py", "from ..tables import _columns", 1),
        ("tfx_pipeline/tasks/search.py", "from tfx_pipeline.tasks.common import _columns", 0),
        ("trainer/towers.py", "from __future__ import annotations\nfrom trainer import __version__", 0),
    ],
)
def test_rules_catch_what_they_should(module: str, source: str, count: int) -> None:
    assert len(violations(Path(module), source)) == count


def packages_imported(module: Path, source: str) -> set[str]:
    """Names the packages below a layer, or the modules right in it, that a module imports."""
    found = set()
    for _, origin, name in imported_names(module, source):
        parts = [*origin.split("."), name] if name else origin.split(".")
        if parts[0] in LAYERS and len(parts) > 1:
            found.add(".".join(parts[:2]))
    return found


def package_of(module: Path) -> str:
    return ".".join(module.with_suffix("").parts[:2])


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Takes away again and again what imports nothing that is left, or is imported by nothing; circles stay."""
    left = {package: targets - {package} for package, targets in edges.items()}
    while True:
        imported = set().union(*left.values()) if left else set()
        free = [package for package, targets in left.items() if not targets & left.keys() or package not in imported]
        if not free:
            return sorted(left)
        for package in free:
            del left[package]


def test_packages_import_each_other_in_no_circle() -> None:
    edges: dict[str, set[str]] = {}
    for module in MODULES:
        edges.setdefault(package_of(module), set()).update(
            packages_imported(module, (ROOT / module).read_text("utf-8"))
        )
    assert circles(edges) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b", "a"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c"]


def test_a_folder_has_at_most_fifteen_modules() -> None:
    sizes = Counter(module.parent for module in (*MODULES, *CLIENT_MODULES) if module.name != "__init__.py")
    assert {str(folder): size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_every_layer_has_modules() -> None:
    assert {module.parts[0] for module in MODULES} == set(LAYERS)


def test_kubeflow_folder_is_no_package() -> None:
    assert not list((ROOT / "kubeflow").rglob("*.py"))


def test_client_starts_without_tensorflow_and_tfx() -> None:
    code = "import sys, serving.client; print(sorted({'tensorflow', 'tfx', 'apache_beam', 'tfx_bsl'} & {*sys.modules}))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr[-2000:]
