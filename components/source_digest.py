"""A digest of a module's source and of all that it imports of the project: a cache key for what runs that code."""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT_PACKAGES = ("tfx_pipeline", "components", "trainer", "serving")
_PROJECT_ROOT = Path(__file__).resolve().parent.parent


def source_digest(*module_names: str, root: Path = _PROJECT_ROOT) -> str:
    """Digests the code that the modules run.

    Imports are read from the syntax tree, wherever in the file they stand; nothing is imported. What counts is the
    project's own packages, and the packages that the named modules are of: a task may live in another installed
    package. Comments, docstrings and formatting do not count. Data files beside the code do not count either, and
    neither do other installed packages, whose versions the lock file holds.

    Args:
        module_names: Dotted names of modules or packages, of the project or of any package that can be imported.
        root: The folder that holds the project's packages.

    Returns:
        SHA-256 in hexadecimal digits.

    Raises:
        ValueError: There is no such module.
    """
    sources = _Sources(root, {name.split(".")[0] for name in module_names})
    for module_name in module_names:
        if sources.file(module_name) is None:
            raise ValueError(
                f"Expected the name of a module under `{root}` or of an installed package, got `{module_name}`."
            )
    seen: dict[str, str] = {}
    pending = list(module_names)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        path = sources.file(name)
        if path is None:
            seen[name] = ""
            continue
        source = _read(path, path.stat().st_mtime_ns)
        seen[name] = f"{name}\n{source.code}\n"
        pending.extend(_imported_modules(name, path, source, sources))
    return hashlib.sha256("".join(seen[name] for name in sorted(seen)).encode()).hexdigest()


class _Sources:
    """The files of the packages whose code counts.

    Args:
        root: The folder that holds the project's packages.
        packages: Top-level names of packages or modules that count too, and are found as an import would find them.
    """

    def __init__(self, root: Path, packages: set[str]) -> None:
        self._bases = {package: [root / package] for package in PROJECT_PACKAGES}
        for package in packages - self._bases.keys():
            self._bases[package] = _installed(package)
        self._found: dict[str, Path | None] = {}

    def file(self, name: str) -> Path | None:
        """Returns the file of a module or package; None where it is not there, or does not count."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Path | None:
        package, *inner = name.split(".")
        for base in self._bases.get(package, ()):
            module = base.joinpath(*inner)
            for path in (module / "__init__.py", module.with_name(f"{module.name}.py")):
                if path.is_file():
                    return path
        return None


def _installed(package: str) -> list[Path]:
    """Returns where the files of a package lie, without the ending of one that is a single module."""
    spec = importlib.util.find_spec(package) if package else None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin).with_suffix("")] if spec.origin else []


class _Source(NamedTuple):
    """What counts of a file.

    Attributes:
        code: Without comments, docstrings and formatting.
        imports: Level, module and name of what it imports; the name is empty where the module itself is imported.
    """

    code: str
    imports: tuple[tuple[int, str, str], ...]


@functools.lru_cache(maxsize=4096)
def _read(path: Path, modified_ns: int) -> _Source:
    """Parses a file, once in a process as long as it stays as it is."""
    del modified_ns  # Part of the cache's key only.
    tree = ast.parse(path.read_bytes(), filename=str(path))
    imports: list[tuple[int, str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [(node.level, node.module or "", alias.name) for alias in node.names]
        elif (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return _Source(ast.unparse(tree), tuple(imports))


def _imported_modules(name: str, path: Path, source: _Source, sources: _Sources) -> Iterator[str]:
    """Yields the names that a file may import, and their parent packages, whose `__init__` runs as well."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield from _with_parents(name)
    for level, module, imported in source.imports:
        base = module
        if level:
            parents = package.split(".")
            parents = parents[: len(parents) - level + 1]
            base = ".".join([*parents, base] if base else parents)
        yield from _with_parents(base)
        if imported and sources.file(f"{base}.{imported}") is not None:
            yield f"{base}.{imported}"


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
