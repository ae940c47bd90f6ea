"""Writes small tables in the forms that shops export them in."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl

from components.tables.contract import TABLES
from components.tables.files.raw_column import RawColumn


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """Writes a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def gzipped(path: Path, content: bytes) -> Path:
    """Writes a gzip archive."""
    path.write_bytes(gzip.compress(content))
    return path


def workbook(path: Path, *sheets: Sequence[Sequence[object]]) -> Path:
    """Writes an Excel workbook with a sheet for each list of rows."""
    path.write_bytes(sheet_bytes(*sheets))
    return path


def sheet_bytes(*sheets: Sequence[Sequence[object]]) -> bytes:
    """Returns an Excel workbook with a sheet for each list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def raw_columns(table: str) -> tuple[RawColumn, ...]:
    """Returns the columns of a table's contract, as a file has them that calls them as the contract does."""
    return tuple(RawColumn(name=column.name, kind=column.kind) for column in TABLES[table].columns)
