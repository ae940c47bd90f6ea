"""Finds the files of a table."""

import re
import zipfile
from collections import Counter
from urllib.parse import unquote

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

from components.errors import InputError
from components.tables.files.opening import READ_ERRORS, open_packed, zip_members
from components.tables.files.table_file import Compression, Format, TableFile
from components.tables.sources import FileForm

_TEXT_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
}
_BINARY_ENDINGS: dict[str, Format] = {".parquet": "parquet", ".xlsx": "excel"}
_ENDINGS = _BINARY_ENDINGS | _TEXT_ENDINGS
# What Hive calls the folder of rows without a value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_GLOB_SIGNS = re.compile(r"[*?\[]")


def find_table_files(table: str, form: FileForm, first_index: int = 0) -> list[TableFile]:
    """Lists the files of a table, or of a part of it.

    Args:
        table: The table's name, for messages.
        form: Where they lie: a file, a folder or a glob. A folder stands for its files and for those in folders below
            it that are called `KEY=VALUE`, as Hive and Spark write them. Files whose names begin with `_` or `.` (the
            markers that Spark leaves) and other folders are passed over unless named outright.
        first_index: Place of the first file among those of the whole table.

    Returns:
        The files in the order of their paths, all of one format.

    Raises:
        InputError: If nothing matches, a file's ending is unknown, or formats are mixed.
    """
    path = form.path
    try:
        matched = _match(path)
    except Exception as error:
        raise InputError(f"Table `{table}`: cannot look for `{path}`: {error}. Check the path.") from error
    if not matched:
        raise InputError(
            f"Table `{table}`: expected a file, a folder or a glob, but nothing is at `{path}`. Check the path."
        )
    glob = _is_glob(path)
    base = _GLOB_SIGNS.split(path)[0].rpartition("/")[0] if glob else path.rstrip("/")
    chosen = [file for file in matched if file.path == path or _belongs(file.path[len(base) :], glob)]
    if not chosen:
        raise InputError(
            f"Table `{table}`: `{path}` has no file that would be read: files whose names begin with `_` or `.` are "
            "passed over, and so are those in folders that are not called `KEY=VALUE`, such as "
            f"`{matched[0].path}`. Give a glob such as `{base}/*/*.csv`."
        )
    files = [
        _table_file(table, form, file, index, () if file.path == path else _partition(file.path[len(base) :]))
        for index, file in enumerate(chosen, start=first_index)
    ]
    counts = Counter(file.format for file in files)
    if len(counts) > 1:
        raise InputError(
            f"Table `{table}`: `{path}` mixes formats ({', '.join(sorted(counts))}). "
            "Keep one format a table, for example with a glob such as `*.parquet`."
        )
    return files


def _match(path: str) -> list[FileMetadata]:
    """Lists what may belong to a path, sorted: the file itself, what lies below a folder, or what a glob matches."""
    # A name is tried as it stands first: it may hold brackets.
    if _is_glob(path):
        found = FileSystems.match([path])[0].metadata_list
    else:
        folder = path.rstrip("/") + "/"
        # Beam has no way to quote a bracket: any character may stand in its place, and what has another is left away.
        below = FileSystems.match([_GLOB_SIGNS.sub("?", folder) + "**"])[0].metadata_list
        found = [file for file in below if str(file.path).startswith(folder)] or _one_file(path)
    return sorted(found, key=lambda file: str(file.path))


def _is_glob(path: str) -> bool:
    return "*" in path or (_GLOB_SIGNS.search(path) is not None and not FileSystems.exists(path))


def _one_file(path: str) -> list[FileMetadata]:
    system = FileSystems.get_filesystem(path)
    return [system.metadata(path)] if system.exists(path) else []


def _belongs(relative: str, glob: bool) -> bool:
    """Tells whether a file counts, by its path below the folder or below the part of a glob that is plain."""
    *folders, name = relative.strip("/").split("/")
    if not name or name.startswith(("_", ".")):
        return False
    return glob or all("=" in folder and not folder.startswith(("_", ".")) for folder in folders)


def _partition(relative: str) -> tuple[tuple[str, str | None], ...]:
    """Reads the columns that folders called `KEY=VALUE` stand for."""
    pairs = [folder.split("=", 1) for folder in relative.split("/")[:-1] if "=" in folder]
    return tuple((unquote(key), None if value == _NO_VALUE else unquote(value)) for key, value in pairs)


def _table_file(
    table: str, form: FileForm, file: FileMetadata, index: int, partition: tuple[tuple[str, str | None], ...]
) -> TableFile:
    compression, name = _unpacked_name(table, file.path)
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), None)
    if ending is None:
        known = ", ".join(_ENDINGS)
        how = "Rename the file, or give a glob that leaves it out."
        if name.lower().endswith(".json"):
            how = "Write JSON with one object a line, not as one array, under a name that ends with `.jsonl`."
        raise InputError(
            f"Table `{table}`: the format of `{file.path}` is not known by its ending. Expected one of {known}; texts "
            f"may also end with `.gz` or `.zip` after that. {how}"
        )
    if ending in _BINARY_ENDINGS and compression != "none":
        raise InputError(
            f"Table `{table}`: `{file.path}` holds a {ending} file. Unpack it: only texts are read packed."
        )
    return TableFile(
        path=file.path,
        index=index,
        format=_ENDINGS[ending],
        compression=compression,
        partition=partition,
        separator=form.separator or ("\t" if ending == ".tsv" else None),
        encoding=form.encoding,
        names=form.names,
        size_bytes=file.size_in_bytes,
    )


def _unpacked_name(table: str, path: str) -> tuple[Compression, str]:
    """Returns what a file is packed in, and the name that it has, or that the file inside it has."""
    name = path.rpartition("/")[2]
    if name.lower().endswith(".gz"):
        return "gzip", name[: -len(".gz")]
    if not name.lower().endswith(".zip"):
        return "none", name
    try:
        with zipfile.ZipFile(open_packed(path)) as archive:
            members = zip_members(archive)
    except READ_ERRORS as error:
        raise InputError(f"Table `{table}`: `{path}` cannot be read as a zip archive: {error}.") from error
    if len(members) != 1:
        inside = ", ".join(f"`{member.filename}`" for member in members[:5]) or "nothing"
        raise InputError(
            f"Table `{table}`: `{path}` should be a zip archive of one file, but holds {inside}"
            f"{', …' if members[5:] else ''}. Unpack it into a folder, and give the folder or a glob."
        )
    if members[0].flag_bits & 1:
        raise InputError(f"Table `{table}`: `{path}` is locked with a password. Unpack it.")
    inner = members[0].filename.rpartition("/")[2]
    # A file inside that has no ending of its own is what the archive's name says.
    return "zip", inner if inner.lower().endswith(tuple(_ENDINGS)) else name[: -len(".zip")]
