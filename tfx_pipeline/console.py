"""The one console that the command line prints through."""

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)


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
