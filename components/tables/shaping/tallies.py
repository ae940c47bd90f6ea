"""Keys of the counters that follow rows from the files to `counts.json`."""

SET_ASIDE_KEY_PREFIX = "set_aside:"

LEFT_OUT = "left_out"
EMPTY_LIST = "empty_list"


def join_key(source: int, join: int, what: str) -> str:
    """Returns the key of what became of a join.

    Args:
        source: Place of the source among those of the table.
        join: Place of the join among those of the source.
        what: `rows`, `missed`, `broken`, or one of `missed_key:` and `unused_key:` with a key as an example.
    """
    return f"join:{source}:{join}:{what}"


def mapped_key(source: int, column: str) -> str:
    """Returns the key of the number of ids of a column that took another."""
    return f"mapped:{source}:{column}"


def contradiction_key(column: str, example: str = "") -> str:
    """Returns the key of the number of ids that sources give different values of a column, or of one such id."""
    return f"contradicts:{column}:{example}"
