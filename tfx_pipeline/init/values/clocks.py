"""Columns of clocks without a day, which stand beside the column of days in some exports."""

import re
from collections.abc import Callable
from typing import Any

from tfx_pipeline.init.sample import Sample

_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d)?(\s?[AaPp][Mm])?")


def without_clocks(columns: list[tuple[str, Sample]], note: Callable[[str], None]) -> list[tuple[str, Sample]]:
    """Returns columns without those that hold clocks alone, if others are left.

    Args:
        columns: Names of columns that may be of times, and the file of each.
        note: Takes a remark on each that is taken out.
    """
    clocks = [(name, sample) for name, sample in columns if _are_clocks(sample.values(name))]
    if len(clocks) == len(columns):
        return columns
    for name, sample in clocks:
        note(
            f"{sample.label}: `{name}` is not used: it holds clocks without a day, so times are known to the day "
            "alone. Write both into one column, such as 2023-01-10 10:00:00."
        )
    return [column for column in columns if column not in clocks]


def _are_clocks(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) and _CLOCK.fullmatch(value.strip()) for value in values)
