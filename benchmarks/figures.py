"""The last line of a benchmark: its figures as one JSON object, so that a machine can compare two builds."""

import json
import math
import re
from collections.abc import Mapping
from numbers import Integral

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def print_figures(figures: Mapping[str, float | None]) -> None:
    """Prints `figures_line`; nothing is printed after it."""
    print(figures_line(figures), flush=True)


def figures_line(figures: Mapping[str, float | None]) -> str:
    """Returns figures as one line of JSON.

    Args:
        figures: Numbers, Python's or NumPy's, and truths, by name. What was not measured, say because the peer is not
            installed, is None; so is what is no number or infinite.

    Raises:
        ValueError: A name has other characters than lower-case letters, digits and underscores.
    """
    wrong = [name for name in figures if not _NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"`figures` should have names such as ndcg_at_10, got {', '.join(map(repr, wrong))}")
    return json.dumps({name: _number(value) for name, value in figures.items()}, allow_nan=False)


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Returns a quotient, and None where either is not known or there is nothing to divide by."""
    return numerator / denominator if numerator is not None and denominator else None


def _number(value: float | None) -> float | None:
    if isinstance(value, bool):
        return value
    if value is None or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, Integral) else float(value)
