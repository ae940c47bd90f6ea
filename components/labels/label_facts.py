"""What a Labels artifact says, as it is read."""

import json
from typing import Any

from tfx.dsl.io import fileio

from trainer.classification.examples import LABELS_FILE


def read_label_facts(labels_uri: str) -> dict[str, Any]:
    """Reads `labels.json`: the vocabulary, `labels`, in the order of probabilities, and what was counted beside it."""
    with fileio.open(f"{labels_uri}/{LABELS_FILE}", "r") as file:
        facts: dict[str, Any] = json.loads(file.read())
    return facts
