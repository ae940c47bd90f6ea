"""Metrics of classification against scikit-learn and by hand."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from components.labels import measures


def made(rows: int, seed: int, sure: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(3, size=rows)
    return labels, softmax(random.normal(size=(rows, 3)) + sure * np.eye(3)[labels], axis=1)


def test_metrics_are_those_of_their_definitions() -> None:
    labels, probabilities = made(200, 0)
    found = measures.metrics(labels, probabilities)
    assert found["accuracy"] == np.mean(labels == probabilities.argmax(axis=1))
    assert found["auc"] == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
    assert found["log_loss"] == pytest.approx(-np.log(probabilities[np.arange(200), labels]).mean())
    by_label = measures.by_label(["a", "b", "c"], labels, probabilities)
    assert found["f1_macro"] == pytest.approx(np.mean([each["f1"] for each in by_label.values()]))
    counts = np.array(measures.confusion(labels, probabilities))
    for place, each in enumerate(by_label.values()):
        assert each["recall"] == pytest.approx(counts[place, place] / counts[place].sum())
        assert each["precision"] == pytest.approx(counts[place, place] / counts[:, place].sum())
        assert each["texts"] == counts[place].sum()


def test_what_is_not_defined_is_none() -> None:
    assert set(measures.metrics(np.zeros(0, int), np.zeros((0, 3))).values()) == {None}
    found = measures.metrics(np.array([1, 1]), np.array([[0.2, 0.8, 0.0], [0.9, 0.1, 0.0]]))
    assert found["auc"] is None
    assert found["accuracy"] == 0.5
    assert measures.label_areas(np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])) == [1.0, 1.0, None]


def test_differences_are_of_the_same_resamples() -> None:
    labels, probabilities = made(300, 1)
    _, worse = made(300, 2, sure=0.0)
    same = measures.differences(labels, probabilities, probabilities, seed=0, resamples=100)
    assert all(value == 0.0 for metric in same.values() for value in metric.values())
    found = measures.differences(labels, probabilities, worse, seed=0, resamples=200)
    whole = [measures.metrics(labels, each) for each in (probabilities, worse)]
    for name in measures.COMPARED_METRICS:
        assert found[name]["mean"] == pytest.approx(whole[0][name] - whole[1][name])
        assert 0.0 < found[name]["low"] < found[name]["mean"] < found[name]["high"]
    one = measures.differences(labels[:1], probabilities[:1], worse[:1], seed=0, resamples=100)
    assert one["accuracy"]["low"] is None
