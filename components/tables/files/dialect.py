"""How a CSV file is written: what its first line says of that."""

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.tables.files.bounded_lines import LONGEST_ROW

# In the order of which counts if two stand equally often.
_SEPARATORS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"?')
# A line that Excel writes and reads before the header: `sep=;`.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CsvRows:
    """A CSV file whose header has been read.

    Attributes:
        header: Names of the columns, one a field; "" for those without a name.
        separator: What stands between fields.
        reader: `csv.reader` of the rows after the header.
        lines_before: Lines of the file that the reader was not given.
    """

    header: tuple[str, ...]
    separator: str
    reader: Any
    lines_before: int


def open_rows(lines: Iterator[str], separator: str | None = None, names: tuple[str, ...] = ()) -> CsvRows:
    """Reads the header of a CSV file.

    Without a separator, the one that the first line says (`sep=;`, which Excel writes; no other line is skipped) or
    else the one out of comma, semicolon, tab and bar that stands most often in the header outside quotes counts.

    Args:
        lines: Those of the file, from its beginning.
        separator: What stands between fields, if that is known.
        names: Names of the columns of a file without a header, whose first line is a row.

    Raises:
        csv.Error: The header's quoting is broken.
        UnicodeDecodeError: The first bytes are not text of the encoding.
    """
    csv.field_size_limit(LONGEST_ROW)
    first = next(lines, "").removeprefix("\ufeff")
    said = _SEPARATOR_LINE.fullmatch(first)
    if said:
        first = next(lines, "")
        separator = separator or said[1]
    separator = separator or found_separator(first)
    reader = csv.reader(itertools.chain([first], lines), delimiter=separator, strict=True)
    header = names or tuple(name.strip() for name in next(reader, []))
    return CsvRows(header=header, separator=separator, reader=reader, lines_before=1 if said else 0)


def found_separator(header: str) -> str:
    """Returns the separator that stands most often in a header, outside quotes; a comma where none does."""
    outside = _QUOTED.sub("", header)
    return max(_SEPARATORS, key=outside.count)
