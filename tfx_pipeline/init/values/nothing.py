"""What programs write where there is nothing."""

from collections.abc import Sequence
from typing import Any

NOTHING = (
    "NULL", "null", "None", "none", "N/A", "n/a", "#N/A", "nan", "NaN", "(null)", "(not set)", "undefined", "\\N", "-",
    "--",
)  # fmt: skip
# Of MySQL.
_NO_TIME = ("0000-00-00", "0000-00-00 00:00:00")
_NOBODY = ("0", "-1", "guest", "Guest", "anonymous", "Anonymous")


def names_of_nothing(column: str) -> tuple[str, ...]:
    """Returns texts that may stand for no value in a column of the contract, for users also those of anybody."""
    return NOTHING + {"user_id": _NOBODY, "timestamp": _NO_TIME}.get(column, ())


def without_nothing(values: Sequence[Any], column: str) -> list[Any]:
    """Returns values without those that stand for none, of a column that holds numbers or times."""
    names = names_of_nothing(column)
    return [value for value in values if str(value).strip() not in names]
