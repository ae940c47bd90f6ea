"""`rules.json`: with which options rules were mined, and how much was read and found."""

import json
from typing import Any

from tfx.dsl.io import fileio

_FILE_NAME = "rules.json"


def write_rules_description(uri: str, description: dict[str, Any]) -> None:
    """Writes `rules.json` under an artifact's uri."""
    with fileio.open(f"{uri}/{_FILE_NAME}", "w") as file:
        file.write(json.dumps(description, indent=1))


def read_rules_description(uri: str) -> dict[str, Any]:
    """Returns `rules.json` of an artifact."""
    with fileio.open(f"{uri}/{_FILE_NAME}", "r") as file:
        description: dict[str, Any] = json.loads(file.read())
    return description
