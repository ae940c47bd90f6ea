"""Which of the files that a shop names belong together."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from components.errors import InputError
from components.tables.files.file_columns import file_columns
from components.tables.files.finding import find_table_files
from components.tables.files.table_file import TableFile
from components.tables.sources import FileForm
from tfx_pipeline.init.files.encodings import guess_encoding, header_bytes

# How files are called in messages of the readers, which speak of tables.
TABLE = "files"


@dataclass(frozen=True, kw_only=True)
class FileGroup:
    """Files with the same columns, under one path.

    Attributes:
        path: A file, a folder or a glob.
        files: What it stands for.
    """

    path: str
    files: Sequence[TableFile]


def find_groups(paths: Iterable[str]) -> list[FileGroup]:
    """Lists the files under some paths, those together that have the same columns.

    Args:
        paths: Files, folders and globs. A folder's files are looked at one by one; folders in it that are called
            `KEY=VALUE` make one table with it, as do other folders with what is in them.

    Raises:
        InputError: Nothing is there, or a file cannot be read.
    """
    groups = []
    for unit in (unit for path in paths for unit in _units(path)):
        files = find_table_files(TABLE, FileForm(path=unit))
        groups.append(FileGroup(path=unit, files=files))
    return _together(groups)


def _units(path: str) -> list[str]:
    """Returns what is looked at on its own: files, folders with `KEY=VALUE` below, what a glob matches."""
    if "://" in path:
        return [path]
    if not os.path.exists(path):
        matched = sorted(name for name in glob.glob(path) if not os.path.basename(name).startswith(("_", ".")))
        if not matched:
            raise InputError(f"expected a file, a folder or a glob, but nothing is at `{path}`. Check the path.")
        return [unit for name in matched for unit in _units(name)]
    if not os.path.isdir(path):
        return [path]
    names = sorted(name for name in os.listdir(path) if not name.startswith(("_", ".")))
    if any("=" in name and os.path.isdir(os.path.join(path, name)) for name in names):
        return [path]
    units = [unit for name in names for unit in _units(os.path.join(path, name))]
    if not units:
        raise InputError(f"`{path}` holds no file that would be read. Check the path.")
    return units


def _together(groups: Sequence[FileGroup]) -> list[FileGroup]:
    alike: dict[tuple[str, frozenset[str]], list[FileGroup]] = {}
    for group in groups:
        columns = file_columns(TABLE, in_likely_encoding(group.files[0]))
        if columns is not None:
            alike.setdefault((group.files[0].format, frozenset(columns.types)), []).append(group)
    return [joined for each in alike.values() for joined in _under_one_path(each)]


def in_likely_encoding(file: TableFile) -> TableFile:
    """Returns a file of text with the encoding that it seems to have."""
    if file.format not in ("csv", "json_lines"):
        return file
    return replace(file, encoding=guess_encoding(header_bytes(file)).encoding)


def _under_one_path(groups: list[FileGroup]) -> list[FileGroup]:
    """Returns groups as one, if a folder or a glob stands for them and nothing else."""
    if len(groups) == 1:
        return groups
    paths = [group.path for group in groups]
    folder = os.path.dirname(paths[0])
    if any(os.path.dirname(path) != folder for path in paths) or any(os.path.isdir(path) for path in paths):
        return groups
    names = [os.path.basename(path) for path in paths]
    start = _common_start(names)
    end = _common_start([name[::-1] for name in names])[::-1]
    wanted = sorted(paths)
    for candidate in (folder, os.path.join(folder, f"{glob.escape(start)}*{glob.escape(end)}")):
        if candidate and _stands_for(candidate, wanted):
            files = find_table_files(TABLE, FileForm(path=candidate))
            return [FileGroup(path=candidate, files=files)]
    return groups


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return first[: next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _stands_for(path: str, wanted: Sequence[str]) -> bool:
    try:
        return [file.path for file in find_table_files(TABLE, FileForm(path=path))] == list(wanted)
    except InputError:
        return False
