"""What a page of the report is made of."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from tfx_pipeline.figures.tables import Table


class Figure(NamedTuple):
    """A picture and what it shows; one with `spread` takes the page's whole width."""

    caption: str
    svg: Markup
    spread: bool = False


class Block(NamedTuple):
    """A part of a task's section.

    Attributes:
        heading: What it is about; empty for none.
        table: A table; None for none.
        figure: A picture; None for none.
        note: What has to be known to read it.
        lines: Sentences, a paragraph each.
    """

    heading: str = ""
    table: Table | None = None
    figure: Figure | None = None
    note: str = ""
    lines: Sequence[str] = ()
