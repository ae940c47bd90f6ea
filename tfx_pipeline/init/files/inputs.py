"""Which of the files that a shop names belong together."""

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from components.errors import InputError
from components.tables.files.file_columns import file_columns
from components.tables.files.finding import find_table_files
from components.tables.files.table_file import TableFile
from components.tables.sources import FileForm
from tfx_pipeline.init.files.encodings import guess_encoding, header_bytes

# How files are called in messages of the readers, which speak of tables.
TABLE = "files"
_ALIKE = 0.6


@dataclass(frozen=True, kw_only=True)
class FileGroup:
    """Files with the same columns, under one path.

    Attributes:
        path: A file, a folder or a glob.
        files: What it stands for.
        among_others: Whether it was found in a folder or by a glob beside others, and not named itself.
    """

    path: str
    files: Sequence[TableFile]
    among_others: bool = False


def find_groups(paths: Iterable[str], note: Callable[[str], None]) -> list[FileGroup]:
    """Lists the files under some paths, those together that have the same columns.

    Args:
        paths: Files, folders and globs. A folder's files are looked at one by one; folders in it that are called
            `KEY=VALUE` make one table with it, as do other folders with what is in them.
        note: Takes a remark on a file in a folder that is passed over, as it is no table.

    Raises:
        InputError: Nothing is there, or a file cannot be read.
    """
    groups: list[tuple[FileGroup, frozenset[str]]] = []
    paths = list(paths)
    for path in paths:
        units = _units(path)
        for unit in units:
            try:
                files = find_table_files(TABLE, FileForm(path=unit))
                found = file_columns(TABLE, in_likely_encoding(files[0]))
            except InputError as error:
                if len(units) == 1:
                    raise
                note(f"Passed over: {str(error).removeprefix(f'Table `{TABLE}`: ')}")
                continue
            if found is not None:
                group = FileGroup(path=unit, files=files, among_others=len(units) > 1)
                groups.append((group, frozenset(found.types)))
    if not groups:
        raise InputError(f"no file of a table was found at {', '.join(paths)}. Check the paths.")
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


def _together(groups: Sequence[tuple[FileGroup, frozenset[str]]]) -> list[FileGroup]:
    """Returns groups with those joined that have the same columns."""
    alike: list[tuple[str, frozenset[str], list[FileGroup]]] = []
    for group, names in groups:
        own = group.files[0].format
        for known_format, known, others in alike:
            if own == known_format and _same_columns(own, names, known):
                others.append(group)
                break
        else:
            alike.append((own, names, [group]))
    return [joined for _, _, each in alike for joined in _under_one_path(each)]


def _same_columns(file_format: str, one: frozenset[str], other: frozenset[str]) -> bool:
    # JSON Lines leave out keys without a value, so files of one table differ in them.
    return one == other or (file_format == "json_lines" and len(one & other) >= _ALIKE * len(one | other))


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
            return [FileGroup(path=candidate, files=files, among_others=groups[0].among_others)]
    return groups


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return first[: next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _stands_for(path: str, wanted: Sequence[str]) -> bool:
    try:
        return [file.path for file in find_table_files(TABLE, FileForm(path=path))] == list(wanted)
    except InputError:
        return False
