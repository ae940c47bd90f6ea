"""How every picture of the report looks, and how it becomes SVG."""

import io
import warnings
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

# Colours that are told apart without seeing red or green, by Okabe and Ito (2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
STYLE: dict[Any, Any] = {
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 11,
    # The browser's fonts: they have the characters of every language, and a reader can search for them.
    "svg.fonttype": "none",
    "text.parse_math": False,
    "ytick.left": False,
}
_LONGEST_LABEL = 34


def svg_of(figure: Figure) -> Markup:
    """Returns a figure as SVG with its text as text."""
    stream = io.StringIO()
    with warnings.catch_warnings():
        # The browser writes the text; here it is only measured, where a character may be wanting.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return Markup(text[text.index("<svg") :])


def short(label: str) -> str:
    """Cuts a label that is too long for a picture."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
