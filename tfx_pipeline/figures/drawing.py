"""How every picture of the report looks, and how it becomes SVG."""

import io
import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

# Colours that are told apart without seeing red or green, by Okabe and Ito (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
FONT_POINTS = 11
# Height of a picture that is nearly square.
SIDE_INCHES = 4.6
STYLE: dict[Any, Any] = {
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": FONT_POINTS,
    # The browser's fonts: they have the characters of every language, and a reader can search for them.
    "svg.fonttype": "none",
    "text.parse_math": False,
    "ytick.left": False,
}
_LONGEST_LABEL = 34
# Of a user who is in no segment; no label has this colour.
_NOBODY_COLOUR = "#9AA3AD"
# A picture that would have smaller text on a phone keeps its width there, and its box scrolls.
_SMALLEST_TEXT_REM, _LARGEST_TEXT_REM = 0.56, 0.75
# What a character of two columns is wider than what Matplotlib, which lacks it, takes it for; in font sizes.
_WIDE_EXTRA = 0.45


class Look(NamedTuple):
    """How a label is drawn in every picture of its task."""

    colour: str
    marker: str


def label_looks(vocabulary: Sequence[str], names: Iterable[str] = ()) -> dict[str, Look]:
    """Returns the look of each label in the order to draw them in.

    Args:
        vocabulary: The task's labels in their own order.
        names: Names that a picture has besides, such as labels of an earlier model; "" is no label, and the last.
    """
    known = [*vocabulary, *sorted(set(names) - {*vocabulary, ""})]
    # More labels than colours: the next round has other markers.
    looks = {
        name: Look(COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)])
        for place, name in enumerate(known)
    }
    return {**looks, "": Look(_NOBODY_COLOUR, MARKERS[0])}


def svg_of(figure: Figure, smallest_points: float = FONT_POINTS) -> Markup:
    """Returns a figure as SVG with its text as text, in the fonts of the page that holds it.

    It is never so wide or so narrow that its text is larger than the page's, or cannot be read.

    Args:
        figure: What to draw.
        smallest_points: Size of its smallest text.
    """
    stream = io.StringIO()
    with warnings.catch_warnings():
        # The browser writes the text; here it is only measured, where a character may be wanting.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(
            stream, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    text = stream.getvalue()
    lines = [line for artist in figure.findobj(Text) for line in artist.get_text().split("\n")]
    extra = _WIDE_EXTRA * smallest_points * max(_columns(line) - len(line) for line in lines)
    width, height = (72.0 * inches for inches in figure.get_size_inches())
    box = f"{-extra:g} 0 {width + 2 * extra:g} {height + extra:g}"
    least, most = (
        (width + 2 * extra) * text_rem / smallest_points for text_rem in (_SMALLEST_TEXT_REM, _LARGEST_TEXT_REM)
    )
    tag = f'<svg viewBox="{box}" style="min-width:{least:.1f}rem;max-width:{most:.1f}rem" '
    body = re.sub(r' font-family: [^;"]*;?', "", text[text.index("<svg") :])
    return Markup(re.sub(r'^<svg (.*?)width=".*?" height=".*?" viewBox=".*?" ', rf"{tag}\1", body))


def square_axes(more_inches: float = 0.0) -> tuple[Axes, Figure]:
    """Returns axes some as high as they are wide, or higher for what stands beside or above them."""
    figure = Figure(figsize=(SIDE_INCHES + 1.0, SIDE_INCHES + max(more_inches, 0.0)), layout="constrained")
    return figure.add_subplot(), figure


def short(label: str, longest: int = _LONGEST_LABEL) -> str:
    """Returns a label on one line, cut where it is wider than `longest` columns (a Chinese character has two)."""
    line = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in label)
    if _columns(line) <= longest:
        return line
    while _columns(line) > longest - 1:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
