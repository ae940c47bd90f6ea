"""What the command line prints through."""

from typing import IO

from rich.console import Console
from rich.table import Table

# Characters of an id on one line of a table.
_WIDEST_ID = 32


def plain_console(file: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """Returns a console that prints a shop's texts as they stand, brackets and colons included."""
    return Console(file=file, stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


console = plain_console()
error_console = plain_console(stderr=True)


def plain_table(*headings: str, min_width: int = 8) -> Table:
    """Returns a table without frames: first column left, the others right, ready to be copied from a terminal.

    Args:
        headings: One a column; may have several lines.
        min_width: Characters that a column has at least.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold", min_width=min_width)
    return table


def listing(*headings: str, figures: int, cut: bool = False) -> Table:
    """Returns a table of what was found: figures on the right, then ids, then a text in the room that is left.

    Args:
        headings: One a column, the text's last.
        figures: How many of the first columns are figures.
        cut: Whether a text that is too long is cut, instead of going on in the next line.
    """
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    *others, text = headings
    for number, heading in enumerate(others):
        if number < figures:
            table.add_column(heading, justify="right")
        else:
            table.add_column(heading, overflow="fold", max_width=_WIDEST_ID)
    table.add_column(text, overflow="ellipsis" if cut else "fold", no_wrap=cut, ratio=1)
    return table
