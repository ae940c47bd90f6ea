"""Lines of a text file, none of them longer than a worker can hold."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from components.errors import InputError
from components.tables.files.table_file import TableFile

# Of a row of CSV, which may have many lines, and of a line of JSON. A packed file of a few bytes may hold any length.
LONGEST_ROW = 1 << 24
# With which a batch is full, however few rows it has: what a thousand characters a row come to.
BATCH_CHARACTERS = 1 << 26

Line = TypeVar("Line", str, bytes)


class BoundedLines(Generic[Line]):
    """Iterates over lines.

    Args:
        table: The table's name, for messages.
        file: The file.
        readline: Reads a line of at most so many characters or bytes; "" at the end.

    Attributes:
        row_length: What has been read since whoever reads rows has last set it to 0.
        length: What has been read.
        number: Lines that have been read.
    """

    def __init__(self, table: str, file: TableFile, readline: Callable[[int], Line]) -> None:
        self._table, self._file = table, file
        self._readline: Callable[[int], Line] = readline
        self.row_length = self.length = self.number = 0

    def __iter__(self) -> Iterator[Line]:
        """Returns itself."""
        return self

    def __next__(self) -> Line:
        """Returns the next line, with its line break.

        Raises:
            InputError: The row that it belongs to is longer than any row of a table.
        """
        line = self._readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.length += len(line)
        self.row_length += len(line)
        if self.row_length > LONGEST_ROW:
            raise InputError(
                f"Table `{self._table}`: `{self._file.path}` has a row of more than {LONGEST_ROW:,} characters, which "
                f"goes on in line {self.number:,}. Is a quote open, or is it another kind of file? Correct the file."
            )
        return line
