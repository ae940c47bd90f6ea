"""Learns from texts without labels too: the surest ones join with the label that the classifier gives them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.fused import FusedClassifier
from trainer.classification.options import SelfTrainingOptions


def self_train(
    first: FusedClassifier,
    train: Callable[[LabelledTexts, int], FusedClassifier],
    learned: LabelledTexts,
    validated: LabelledTexts,
    unlabelled: Sequence[str],
    options: SelfTrainingOptions,
) -> tuple[FusedClassifier, list[dict[str, Any]]]:
    """Trains in rounds, each on the labelled texts and on more of the others, as long as validation does not fall.

    Source: Yarowsky, "Unsupervised word sense disambiguation rivaling supervised methods", ACL 1995.

    Args:
        first: What the labelled texts alone have taught.
        train: Trains on texts; the number is that of the round, from 1.
        learned: The labelled texts.
        validated: The validation split.
        unlabelled: Texts without labels, none of them in any split.
        options: How many join.

    Returns:
        The best classifier on the validation split, and of each round `added`, the texts that joined, by label
        `added_by_label`, and `f1_macro` on the validation split; round 0 is `first`.
    """
    best, score = first, f1_macro(first, validated)
    rounds: list[dict[str, Any]] = [{"round": 0, "added": 0, "f1_macro": score}]
    shares = np.bincount(learned.labels, minlength=len(first.labels)) / len(learned)
    for number in range(1, options.rounds + 1):
        wanted = np.floor(min(1.0, number * options.share) * len(unlabelled) * shares).astype(int)
        rows, labels = surest(best.probabilities(unlabelled), wanted)
        if not len(rows):
            break
        classifier = train(joined(learned, [unlabelled[row] for row in rows], labels, options.weight), number)
        found = f1_macro(classifier, validated)
        by_label = dict(zip(first.labels, np.bincount(labels, minlength=len(first.labels)).tolist(), strict=True))
        rounds.append({"round": number, "added": len(rows), "added_by_label": by_label, "f1_macro": found})
        if found < score:
            break
        best, score = classifier, found
    return best, rounds


def surest(
    probabilities: npt.NDArray[np.floating], wanted: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the rows that are the surest of each label, and their labels; both int64.

    Args:
        probabilities: `(texts, labels)`.
        wanted: int64 `(labels,)`: rows of each label at the most; only those where it is the most probable count.
    """
    found, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    rows = [order[found[order] == label][:count] for label, count in enumerate(wanted.tolist())]
    chosen = np.sort(np.concatenate(rows))
    return chosen, found[chosen]


def joined(learned: LabelledTexts, texts: Sequence[str], labels: npt.NDArray[np.int64], weight: float) -> LabelledTexts:
    """Adds texts of such a weight after all that were there."""
    return LabelledTexts(
        texts=[*learned.texts, *texts],
        labels=np.concatenate([learned.labels, labels]),
        numbers=np.concatenate([learned.numbers, np.full((len(texts), learned.numbers.shape[1]), np.nan, np.float32)]),
        weights=np.concatenate([learned.text_weights(), np.full(len(texts), weight, np.float32)]),
    )


def f1_macro(classifier: FusedClassifier, texts: LabelledTexts) -> float:
    """Returns the macro-F1 of a classifier over texts."""
    found = classifier.probabilities(texts.texts, texts.numbers).argmax(axis=1)
    return float(f1_score(texts.labels, found, average="macro"))
