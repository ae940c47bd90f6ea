"""Weights of groups by hand, what they do to a small group, and what is said of their price."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.classification.tiny_classifier import LABELS, made_texts
from tfx_pipeline.summary.gaps import reweighting_lines
from tfx_pipeline.summary.model import TaskSummary
from trainer.classification.building import BuiltClassifier, build_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.fair.reweighting import group_weights, train_reweighted
from trainer.classification.options import NO_BACKBONE, ClassifierOptions, ReweightingOptions, WideOptions
from trainer.options import TextOptions


def test_groups_count_alike_as_by_hand() -> None:
    groups = np.array([b"a"] * 6 + [b"b"] * 3 + [b""], object)
    np.testing.assert_allclose(group_weights(groups, 1.0), [10 / 18] * 6 + [10 / 9] * 3 + [10 / 3], rtol=1e-6)
    half = np.array([6**-0.5] * 6 + [3**-0.5] * 3 + [1.0])
    np.testing.assert_allclose(group_weights(groups, 0.5), half / half.mean(), rtol=1e-6)


def _with_small_group(rows: int, seed: int) -> LabelledTexts:
    """A tenth of the texts tells its label by other words, which are noise in the texts of the many."""
    texts = made_texts(rows, seed)
    small = np.random.default_rng([seed, 1]).random(rows) < 0.1
    told = [
        " ".join({"milk": "red", "bread": "green", "tea": "big"}.get(word, word) for word in text.split())
        if is_small
        else text
        for text, is_small in zip(texts.texts, small, strict=True)
    ]
    return replace(texts, texts=told, groups=np.where(small, b"small", b"large").astype(object))


def test_a_small_group_is_served_better_and_the_price_is_told(tmp_path: Path) -> None:
    # Strong regularisation hears the many alone.
    options = ClassifierOptions(
        text=TextOptions(backbone=NO_BACKBONE), wide=WideOptions(inverse_regularisation=0.003), few_shot="none"
    )
    learned, validated, test = (_with_small_group(rows, seed) for rows, seed in ((900, 1), (300, 2), (600, 3)))
    names = []

    def train(texts: LabelledTexts, name: str) -> BuiltClassifier:
        names.append(name)
        return build_classifier(LABELS, texts, validated, options, seed=0, log_uri=str(tmp_path / name))

    chosen = ReweightingOptions(column="size")
    built, said = train_reweighted(chosen, learned, lambda: test, train, lambda each: each.classifier)
    assert names == ["", "unweighted"]
    found = said["reweighting"]
    right = built.classifier.probabilities(test.texts, test.numbers).argmax(axis=1) == test.labels
    assert found["with"]["accuracy"] == pytest.approx(right.mean())
    assert found["with"]["accuracy_of"]["small"] == pytest.approx(right[test.groups == b"small"].mean())
    assert found["with"]["accuracy_of"]["small"] > found["without"]["accuracy_of"]["small"] + 0.05
    change = found["accuracy_difference"]
    assert change["mean"] == pytest.approx(found["with"]["accuracy"] - found["without"]["accuracy"])
    assert change["low"] < change["mean"] < change["high"]
    nothing = {"metrics": {}, "baselines": {}, "refused_because": [], "examples": {}, "counts": {}, "pushed": None}
    lines = reweighting_lines(TaskSummary.model_validate({**nothing, "blessed": True, "model_bytes": 0, **said}))
    assert "by size, against without" in lines[0]
    assert lines[1].startswith("accuracy of size=small: ")


def test_without_options_it_is_trained_once_and_without_groups_not_at_all() -> None:
    texts = made_texts(9, 1)
    trained, said = train_reweighted(None, texts, lambda: texts, lambda each, _: len(each), lambda _: None)
    assert (trained, said) == (9, {})
    with pytest.raises(ValueError, match=r"`reweighting\.column` is `age`, of which no training example has a value"):
        train_reweighted(ReweightingOptions(column="age"), texts, lambda: texts, lambda each, _: 0, lambda _: None)
