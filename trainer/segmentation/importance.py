"""What matters to a trained segmentation: its words and its numbers, by what they are about."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from trainer.classification.classifier import Classifier
from trainer.classification.examples import LabelledTexts
from trainer.metrics.permutation import Arrays, permutation_importance

# Histories that are asked about: each has to be encoded once.
MOST_HISTORIES = 500
_WORDS = "what they buy, in words"


def segmentation_importance(
    classifier: Classifier, asked: LabelledTexts, number_parts: Sequence[str], batch_size: int, seed: int
) -> dict[str, Any]:
    """Shuffles the vectors of the words, and the numbers of each part, among users; measures macro F1.

    Args:
        classifier: The trained classifier.
        asked: At least one history that it has not learned from.
        number_parts: What each number is about.
        batch_size: Texts encoded at once.
        seed: Of the order.

    Returns:
        As `trainer.metrics.permutation.permutation_importance`, with `examples`: how many histories.
    """
    vectors = classifier.text_vectors(classifier.token_ids(asked.texts), batch_size)
    columns = {
        part: {"numbers": np.flatnonzero(np.array(number_parts) == part).tolist()}
        for part in dict.fromkeys(number_parts)
    }

    def measure(changed: Arrays) -> float:
        found = classifier.logits(changed["vectors"], changed["numbers"]).argmax(axis=1)
        return float(f1_score(asked.labels, found, average="macro"))

    found = permutation_importance(
        {"vectors": vectors, "numbers": asked.numbers},
        {_WORDS: {"vectors": None}, **columns},
        measure,
        metric="f1_macro",
        seed=seed,
    )
    return {**found, "examples": len(asked)}
