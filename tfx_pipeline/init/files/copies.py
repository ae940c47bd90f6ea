"""Files that are the same, such as an export that was downloaded twice."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable

from components.errors import InputError
from components.tables.files.opening import READ_ERRORS, open_packed
from components.tables.files.table_file import TableFile


def note_copies(files: Iterable[TableFile], note: Callable[[str], None]) -> None:
    """Says which files hold the same as another, as each of their rows would count twice.

    Args:
        files: All files. Only those of one size are read.
        note: Takes a remark on each copy.

    Raises:
        InputError: A file cannot be read.
    """
    alike: dict[object, list[str]] = defaultdict(list)
    for file in files:
        alike[file.size_bytes, file.partition].append(file.path)
    for paths in alike.values():
        first: dict[str, str] = {}
        for path in sorted(paths, key=lambda path: (len(path), path)) if len(paths) > 1 else ():
            original = first.setdefault(_digest(path), path)
            if original != path:
                note(
                    f"`{os.path.basename(path)}` holds the same as `{os.path.basename(original)}`, so all its rows "
                    "count twice. Remove one of the two, unless that is right."
                )


def _digest(path: str) -> str:
    try:
        with open_packed(path) as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except READ_ERRORS as error:
        raise InputError(f"`{path}` cannot be read: {error}. Write the file anew.") from error
