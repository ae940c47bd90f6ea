"""Digests of the tables' content, by which a run knows whether anything is new; loads no TFX."""

import hashlib
from collections.abc import Iterable

from components.tables.files.finding import find_table_files
from components.tables.files.repeated import distinct_files, file_digest
from components.tables.sources import FileForm, TableSource


def digest_sources(name: str, sources: Iterable[TableSource]) -> str:
    """Returns the sha256 of the content of all files that a table's sources name.

    Names and times do not count, so touching or moving a file changes nothing; columns that folders of Hive stand for
    do; a file that is there twice counts once. Reads each file once, and files of one size twice.

    Raises:
        InputError: Nothing matches a path, a file's format is not known, or it cannot be read.
    """
    digests = [_digest_form(name, form) for source in sources for form in source.forms()]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _digest_form(name: str, form: FileForm) -> str:
    digest = hashlib.sha256()
    for file in distinct_files(name, find_table_files(name, form)).files:
        digest.update(file_digest(name, file.path))
        if file.partition:
            digest.update(repr(file.partition).encode("utf-8"))
    return digest.hexdigest()
