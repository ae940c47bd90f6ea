"""Reading a Labels artifact: the label vocabulary, and the facts that were found of it."""

from typing import Any

from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import LABELS_FILE


def load_label_facts(labels_uri: str) -> dict[str, Any]:
    """Reads labels.json: `labels`, the vocabulary in the order of probabilities, and what was counted beside it."""
    facts: dict[str, Any] = read_json(f"{labels_uri}/{LABELS_FILE}")
    return facts


def load_labels(labels_uri: str) -> list[str]:
    """Reads the label vocabulary, in its order."""
    labels: list[str] = load_label_facts(labels_uri)["labels"]
    return labels
