"""A Labels artifact: the label vocabulary, and what was counted of the examples."""

from typing import Any

from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import LABELS_FILE


def load_label_facts(labels_uri: str) -> dict[str, Any]:
    """Reads `labels.json`: the vocabulary, `labels`, in the order of probabilities, and what stands beside it."""
    facts: dict[str, Any] = read_json(f"{labels_uri}/{LABELS_FILE}")
    return facts


def load_labels(labels_uri: str) -> list[str]:
    """Reads the label vocabulary, in its order."""
    labels: list[str] = load_label_facts(labels_uri)["labels"]
    return labels
