"""How values of YAML are read that several parts of the configuration have."""

from typing import Any


def off_is_none(value: Any) -> Any:
    """Reads YAML's `off`, which is False, as None."""
    return None if value is False else value
