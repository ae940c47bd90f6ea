"""A digest of a module's source and of all project modules that it imports: a cache key for what runs that code."""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

PROJECT_PACKAGES = ("tfx_pipeline", "components", "trainer", "serving")
_PROJECT_ROOT = Path(__file__).resolve().parent.parent


def source_digest(*module_names: str, root: Path = _PROJECT_ROOT) -> str:
    """Digests the code that the modules run.

    Imports are read from the syntax tree, wherever in the file they stand; nothing is imported. Comments,
    docstrings and formatting do not count. Data files beside the code do not count either, and neither do
    installed packages, whose versions the lock file holds.

    Args:
        module_names: Dotted names of modules or packages of the project.
        root: The folder that holds the project's packages.

    Returns:
        SHA-256 in hexadecimal digits.

    Raises:
        ValueError: If the project has no such module.
    """
    for module_name in module_names:
        if _module_file(module_name, root) is None:
            raise ValueError(f"Expected the name of a module under `{root}`, got `{module_name}`.")
    seen: set[str] = set()
    pending = list(module_names)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _module_file(name, root)
        if path is not None:
            pending.extend(_imported_modules(name, path, root))
    digest = hashlib.sha256()
    for name in sorted(seen):
        path = _module_file(name, root)
        if path is not None:
            digest.update(f"{name}\n{_normalised_source(path, path.stat().st_mtime_ns)}\n".encode())
    return digest.hexdigest()


def _module_file(name: str, root: Path) -> Path | None:
    if name.split(".")[0] not in PROJECT_PACKAGES:
        return None
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.lru_cache(maxsize=1024)
def _parse(path: Path, modified_ns: int) -> ast.Module:
    del modified_ns  # Part of the cache's key only.
    return ast.parse(path.read_bytes(), filename=str(path))


@functools.lru_cache(maxsize=1024)
def _normalised_source(path: Path, modified_ns: int) -> str:
    tree = ast.parse(ast.unparse(_parse(path, modified_ns)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _imported_modules(name: str, path: Path, root: Path) -> Iterator[str]:
    """Yields the names that a file may import, and their parent packages, whose `__init__` runs as well."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield from _with_parents(name)
    for node in ast.walk(_parse(path, path.stat().st_mtime_ns)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield from _with_parents(base)
            for alias in node.names:
                if _module_file(f"{base}.{alias.name}", root) is not None:
                    yield f"{base}.{alias.name}"


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    if parts[0] in PROJECT_PACKAGES:
        for length in range(1, len(parts) + 1):
            yield ".".join(parts[:length])
