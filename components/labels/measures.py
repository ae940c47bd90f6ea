"""How good probabilities of labels are: metrics over all texts, by label, and by slice."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from components.gate.judgement import Differences, Metrics
from trainer.classification.calibration import expected_calibration_error

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]

METRICS = ("accuracy", "f1_macro", "auc", "log_loss", "calibration_error")
# Those that stand on the label that is found, and so have an interval of a difference that is cheap to resample.
COMPARED_METRICS = ("accuracy", "f1_macro")


def metrics(labels: IntArray, probabilities: FloatArray) -> Metrics:
    """Returns accuracy, macro-F1, macro one-versus-rest AUC, log loss and calibration error.

    A label that no text has and that is never found does not count in macro-F1; a label that no text has, or every
    text, has no AUC.

    Args:
        labels: int64 `(texts,)`, places in the vocabulary.
        probabilities: `(texts, classes)`.

    Returns:
        By the names of `METRICS`; None where there is no text, or no AUC.
    """
    if not len(labels):
        return dict.fromkeys(METRICS)
    found = probabilities.argmax(axis=1)
    areas = [area for area in label_areas(labels, probabilities) if area is not None]
    return {
        "accuracy": float(accuracy_score(labels, found)),
        "f1_macro": float(f1_score(labels, found, average="macro")),
        "auc": float(np.mean(areas)) if areas else None,
        "log_loss": float(log_loss(labels, _clipped(probabilities), labels=np.arange(probabilities.shape[1]))),
        "calibration_error": expected_calibration_error(probabilities, labels),
    }


def label_areas(labels: IntArray, probabilities: FloatArray) -> list[float | None]:
    """Returns the area under the ROC curve of each label against all others, None where it is not defined."""
    areas: list[float | None] = []
    for place in range(probabilities.shape[1]):
        own = labels == place
        areas.append(float(roc_auc_score(own, probabilities[:, place])) if 0 < own.sum() < len(own) else None)
    return areas


def by_label(names: Sequence[str], labels: IntArray, probabilities: FloatArray) -> dict[str, dict[str, Any]]:
    """Returns `precision`, `recall`, `f1`, `auc` and `texts` of each label, by its name."""
    found = probabilities.argmax(axis=1)
    every = np.arange(len(names))
    columns = precision_recall_fscore_support(labels, found, labels=every, zero_division=0.0)
    return {
        name: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "auc": area,
            "texts": int(texts),
        }
        for name, precision, recall, f1, texts, area in zip(
            names, *columns, label_areas(labels, probabilities), strict=True
        )
    }


def confusion(labels: IntArray, probabilities: FloatArray) -> list[list[int]]:
    """Returns how many texts of each label (row) were given each label (column)."""
    every = np.arange(probabilities.shape[1])
    table: list[list[int]] = confusion_matrix(labels, probabilities.argmax(axis=1), labels=every).tolist()
    return table


def reliability(labels: IntArray, probabilities: FloatArray, bins: int = 10) -> list[dict[str, float]]:
    """Returns mean `probability` of the best label, how often it is right (`accuracy`), and `rows`, by bin.

    Bins without any row are left out (reliability diagram: DeGroot and Fienberg, 1983).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "probability": float(confidence[place == number].mean()),
            "accuracy": float(right[place == number].mean()),
            "rows": int((place == number).sum()),
        }
        for number in np.unique(place).tolist()
    ]


def differences(
    labels: IntArray, probabilities: FloatArray, other: FloatArray, *, seed: int, resamples: int
) -> Differences:
    """Returns mean, low and high of the metrics of one system minus those of another on the same texts.

    Low and high are those of a 95% percentile bootstrap interval over texts, None with fewer than two texts. Macro-F1
    is no mean over texts, so it is computed anew from the confusion matrix of each resample.

    Args:
        labels: int64 `(texts,)`.
        probabilities: `(texts, classes)` of the system.
        other: `(texts, classes)` of the other.
        seed: Of the resampling.
        resamples: How many.

    Returns:
        By the names of `COMPARED_METRICS`.
    """
    if not len(labels):
        return {name: {"mean": None, "low": None, "high": None} for name in COMPARED_METRICS}
    classes = probabilities.shape[1]
    found = [system.argmax(axis=1) for system in (probabilities, other)]
    whole = np.arange(len(labels))
    means = _difference(labels, found, whole, classes)
    if len(labels) < 2:
        return {
            name: {"mean": float(mean), "low": None, "high": None}
            for name, mean in zip(COMPARED_METRICS, means, strict=True)
        }
    random = np.random.default_rng(seed)
    drawn = [
        _difference(labels, found, random.integers(len(labels), size=len(labels)), classes) for _ in range(resamples)
    ]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {
        name: {"mean": float(mean), "low": float(lowest), "high": float(highest)}
        for name, mean, lowest, highest in zip(COMPARED_METRICS, means, low, high, strict=True)
    }


def _difference(labels: IntArray, found: Sequence[IntArray], rows: IntArray, classes: int) -> npt.NDArray[np.float64]:
    own, other = (_accuracy_and_f1(labels[rows], each[rows], classes) for each in found)
    return own - other


def _accuracy_and_f1(labels: IntArray, found: IntArray, classes: int) -> npt.NDArray[np.float64]:
    right = np.bincount(labels[labels == found], minlength=classes)
    both = np.bincount(labels, minlength=classes) + np.bincount(found, minlength=classes)
    seen = both > 0
    return np.array([right.sum() / len(labels), (2.0 * right[seen] / both[seen]).mean()])


def _clipped(probabilities: FloatArray) -> FloatArray:
    # Rows of float32 probabilities sum up to 1 only nearly, which scikit-learn warns of.
    wide = np.clip(probabilities.astype(np.float64), 1e-12, 1.0)
    clipped: FloatArray = wide / wide.sum(axis=1, keepdims=True)
    return clipped
