"""Keys of the counters that follow rows from the files to `counts.json`."""

ROWS_KEY = "rows"
GOOD_KEY = "good"
BAD_KEY_PREFIX = "bad:"
SET_ASIDE_KEY_PREFIX = "set_aside:"

LEFT_OUT = "left_out"
EMPTY_LIST = "empty_list"
REPEATED = "repeated"
FORGOTTEN = "forgotten"


def join_key(source: int, join: int, what: str) -> str:
    """Returns the key of what became of a join.

    Args:
        source: Place of the source among those of the table.
        join: Place of the join among those of the source.
        what: `rows`, `keyless` (rows without a key), `missed` (those with one that nothing has), `broken`; or
            `missed_key` and `unused_key`, which examples are of.
    """
    return f"join:{source}:{join}:{what}"


def mapped_key(source: int, column: str) -> str:
    """Returns the key of the number of ids of a column that took another."""
    return f"mapped:{source}:{column}"


def contradiction_key(column: str) -> str:
    """Returns the key of the number of ids that sources give different values of a column; examples are of it too."""
    return f"contradicts:{column}"
