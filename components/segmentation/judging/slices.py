"""The slice of an evaluation that a history itself tells: its length."""

HISTORY_LENGTH = "history_length"
# Events from which a history is no longer short, and from which it is long.
_MEDIUM_EVENTS, _LONG_EVENTS = 32, 256


def history_length(events: int) -> str:
    """Returns `short` under 32 events, `medium` under 256, else `long`."""
    if events < _MEDIUM_EVENTS:
        return "short"
    return "medium" if events < _LONG_EVENTS else "long"
