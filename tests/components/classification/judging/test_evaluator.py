"""ClassificationEvaluator over a served model whose answers are known, against a count of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import f1_score
from tfx.types import Artifact, standard_artifacts

from components.classification.examples.options import ClassificationExamplesOptions, TextSplitOptions
from components.classification.judging.gate_options import ClassificationGateOptions
from components.classification.judging.tfidf import fit_tfidf, tfidf_probabilities
from tests.components.classification.judging.served_words import ServedWords
from tests.components.classification.runs import ExamplesRun, run_evaluator, run_examples
from tests.components.recommendation.trained_shop import artifact
from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
# One text in four tells nothing, so that the model is not always right.
SILENT = 4


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> ExamplesRun:
    made = made_texts(300, 1)
    rows: list[dict[str, Any]] = []
    for number, (text, place) in enumerate(zip(made.texts, made.labels, strict=True)):
        told = text if number % SILENT else f"{number} red green"
        rows.append({"text": told, "label": LABELS[place], "shop": "a" if number % 2 else "b"})
    options = ClassificationExamplesOptions(
        split=TextSplitOptions(eval_fraction=0.1, test_fraction=0.4), slice_columns=("shop",)
    )
    return run_examples(tmp_path_factory.mktemp("examples"), rows, options)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, examples: ExamplesRun) -> Artifact:
    made = artifact(standard_artifacts.Model, tmp_path_factory.mktemp("model"))
    ServedWords(examples.facts()["labels"], WORDS).save(Path(made.uri) / "Format-Serving")
    return made


def found_places(examples: ExamplesRun, texts: list[str]) -> list[int]:
    """The label that the model finds in each text, worked out by hand."""
    labels = examples.facts()["labels"]
    return [next((place for place, label in enumerate(labels) if WORDS[label] in text), 0) for text in texts]


def test_the_evaluation_is_a_count_of_the_answers(tmp_path: Path, examples: ExamplesRun, model: Artifact) -> None:
    options = ClassificationGateOptions(min_slice_texts=10, baseline_margins={"f1_macro": 1.0}, max_baseline_texts=50)
    report, blessing = run_evaluator(tmp_path, examples, model, options, slice_columns=["shop"])
    test, found = examples.split("test"), found_places(examples, examples.split("test").texts)
    assert report["texts"] == len(test)
    assert 0.5 < report["metrics"]["test"]["accuracy"] < 1.0
    assert report["metrics"]["test"]["accuracy"] == pytest.approx(np.mean(found == test.labels))
    assert report["metrics"]["test"]["f1_macro"] == pytest.approx(f1_score(test.labels, found, average="macro"))
    learned = examples.split("train")
    baseline = tfidf_probabilities(fit_tfidf(learned.texts[:50], learned.labels[:50]), test.texts, len(LABELS))
    assert report["baselines"]["tfidf"]["accuracy"] == pytest.approx(np.mean(baseline.argmax(axis=1) == test.labels))
    counts = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(counts, (test.labels, found), 1)
    assert report["confusion"] == {"labels": examples.facts()["labels"], "counts": counts.tolist()}
    assert {"shop=a", "shop=b", "text_length=short"} <= set(report["slices"])
    assert sum(report["slices"][f"shop={shop}"]["texts"] for shop in "ab") == len(test)
    written = pq.read_table(next((tmp_path / "evaluation").glob("texts-*.parquet")))
    assert "text" not in written.column_names
    analysis = tfma.load_eval_result(str(tmp_path / "evaluation" / "tfma"))
    overall = analysis.get_metrics_for_slice(top_k=1)["accuracy"]["doubleValue"]
    assert overall == pytest.approx(report["metrics"]["test"]["accuracy"])
    assert not list((tmp_path / "evaluation").glob("*.pickle"))
    assert report["blessed"]
    assert blessing.get_int_custom_property("blessed") == 1
    assert "last_blessed" not in report


def test_worse_than_the_last_blessed_model_and_below_a_threshold(
    tmp_path: Path, examples: ExamplesRun, model: Artifact
) -> None:
    labels = examples.facts()["labels"]
    # It has learned the same labels in another order, and one more.
    right = tmp_path / "last"
    ServedWords([*labels[::-1], "new"], {**WORDS, "new": "no such word"}).save(right)
    worse = artifact(standard_artifacts.Model, tmp_path / "worse")
    ServedWords(labels, WORDS, wrong=True).save(Path(worse.uri) / "Format-Serving")
    report, blessing = run_evaluator(
        tmp_path,
        examples,
        worse,
        ClassificationGateOptions(baseline_margins={}, slice_thresholds={"shop=c": {"accuracy": 0.5}}),
        slice_columns=["shop"],
        thresholds='{"accuracy": 0.75}',
        last_blessed=str(right),
    )
    test = examples.split("test")
    wrong = np.array([any(word in text for word in WORDS.values()) for text in test.texts])
    # What the last model finds where no word tells is the first of its own labels: the last of these.
    silent_right = {"worse": test.labels == 1, "last": test.labels == len(labels) - 1}
    value = np.mean(~wrong & silent_right["worse"])
    last = np.mean(wrong | silent_right["last"])
    assert report["metrics"]["test"]["accuracy"] == pytest.approx(value)
    assert report["last_blessed"]["path"] == str(right)
    assert report["last_blessed"]["metrics"]["accuracy"] == pytest.approx(last)
    threshold, than_last, of_slice = report["refused_because"]
    assert threshold == f"accuracy is {value:.4f}; it should be at least 0.7500."
    f1 = report["last_blessed"]["metrics"]["f1_macro"]
    assert than_last.endswith(f"as the last blessed model has {f1:.4f}.")
    assert of_slice == "The slice shop=c has no test texts; what has a threshold must be tested."
    assert not report["blessed"]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()


def test_a_last_blessed_model_that_cannot_be_asked_is_left_out(
    tmp_path: Path, examples: ExamplesRun, model: Artifact
) -> None:
    options = ClassificationGateOptions(baseline_margins={})
    report, _ = run_evaluator(tmp_path, examples, model, options, last_blessed=str(tmp_path / "gone"))
    assert set(report["last_blessed"]) == {"path", "error"}
    assert "gone" in report["last_blessed"]["error"]
    assert report["blessed"]
