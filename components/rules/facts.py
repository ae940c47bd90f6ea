"""`rules.json`: with which options rules were mined, and how much was read and found."""

from typing import Any

from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import RULES_FACTS_FILE


def write_rules_facts(uri: str, facts: dict[str, Any]) -> None:
    """Writes `rules.json` under an artifact's uri."""
    write_json(f"{uri}/{RULES_FACTS_FILE}", facts)
