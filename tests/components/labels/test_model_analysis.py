"""What TFMA finds in judged rows, against scikit-learn on the same rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow_model_analysis as tfma
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from scipy.special import softmax
from sklearn.metrics import confusion_matrix

from components.classification.judging.gate_options import ClassificationGateOptions
from components.gate.judgement import MODEL
from components.labels import measures
from components.labels.judged_labels import LABEL, judged_schema, probabilities_column
from components.labels.label_summary import LabelSummary
from components.labels.model_analysis import AnalyseModel

LABELS = ["a", "b", "c"]
# Numbers and odd texts as users' attributes have them; an empty one and None are one slice.
AGES = ["20", "020", "1.50", "é=/大", "", None]
THRESHOLDS = {"accuracy": 0.5, "f1_macro": 0.99, "auc": 0.99}
SLICE_THRESHOLDS = {"age=(none)": {"f1_macro": 0.99}, "age=1.50": {"auc": 0.5}, "age=rare": {"accuracy": 1.0}}
OPTIONS = ClassificationGateOptions(min_slice_texts=20, thresholds=THRESHOLDS, slice_thresholds=SLICE_THRESHOLDS)
SLICES = ["age", "shop"]
SHOPS = ["x", "no c", "only b", "no c found"]
# TFMA's area is over 10,000 thresholds.
AREA_TOLERANCE = 2e-3


def made_rows(rows: int = 300) -> pa.Table:
    random = np.random.default_rng(0)
    labels = random.integers(3, size=rows)
    ages = [AGES[row % len(AGES)] for row in range(rows)]
    shops = np.array([{"1.50": "no c", "20": "only b", "020": "no c found"}.get(age or "", "x") for age in ages])
    labels[shops == "no c"] %= 2
    labels[shops == "only b"] = 1
    probabilities = softmax(random.normal(size=(rows, 3)) + 1.5 * np.eye(3)[labels], axis=1).astype(np.float32)
    probabilities[np.isin(shops, ["no c", "no c found"]), 2] = 0.0
    ages[:3] = ["rare"] * 3
    # Equal probabilities: the first label is found.
    probabilities[3] = 1 / 3
    columns = {LABEL: labels, "age": ages, "shop": shops.tolist(), probabilities_column(MODEL): list(probabilities)}
    return pa.table(columns, judged_schema([MODEL], SLICES))


@pytest.fixture(scope="module")
def judged() -> pa.Table:
    return made_rows()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, judged: pa.Table) -> str:
    """Where the analysis of the rows, in two files, lies."""
    folder = tmp_path_factory.mktemp("analysis")
    pq.write_table(judged.slice(0, 100), folder / "texts-0.parquet")
    pq.write_table(judged.slice(100), folder / "texts-1.parquet")
    return analyse(folder, judged)


def analyse(folder: Path, judged: pa.Table) -> str:
    summary = LabelSummary(judged, LABELS, SLICES, OPTIONS)
    with BeamPipeline() as pipeline:
        _ = pipeline | AnalyseModel(
            str(folder / "texts-*.parquet"), str(folder / "tfma"), len(LABELS), summary.slice_values(), OPTIONS
        )
    return str(folder / "tfma")


def rows_of(judged: pa.Table, column: str, values: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.array([value in values for value in judged[column].to_pylist()])
    return judged[LABEL].to_numpy()[rows], np.array(judged[probabilities_column(MODEL)].to_pylist())[rows]


def numbers(metrics: object) -> dict[str, float]:
    return {name: float(value["doubleValue"]) for name, value in metrics.items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("slice_", "values"),
    [
        ((), None),
        ((("age", "20"),), ["20"]),
        ((("age", "020"),), ["020"]),
        ((("age", "é=/大"),), ["é=/大"]),
        ((("age", "(none)"),), ["", None]),
        # A label that is neither true nor found, one that is never found, and one that all texts have.
        ((("shop", "no c"),), ["no c"]),
        ((("shop", "no c found"),), ["no c found"]),
        ((("shop", "only b"),), ["only b"]),
    ],
)
def test_metrics_by_label_and_slice_are_those_of_scikit_learn(
    judged: pa.Table, folder: str, slice_: tuple[tuple[str, str], ...], values: Sequence[str | None] | None
) -> None:
    column = slice_[0][0] if slice_ else "shop"
    labels, probabilities = rows_of(judged, column, values or SHOPS)
    result = tfma.load_eval_result(folder)
    expected = measures.metrics(labels, probabilities)
    overall = numbers(result.get_metrics_for_slice(slice_))
    assert overall["example_count"] == len(labels)
    assert overall["f1_macro"] == pytest.approx(expected["f1_macro"])
    undefined = expected["auc"] is None
    assert overall["auc"] == pytest.approx(np.nan if undefined else expected["auc"], abs=AREA_TOLERANCE, nan_ok=True)
    assert numbers(result.get_metrics_for_slice(slice_, top_k=1))["accuracy"] == pytest.approx(expected["accuracy"])
    by_label = measures.by_label(LABELS, labels, probabilities)
    for place, name in enumerate(LABELS):
        found = numbers(result.get_metrics_for_slice(slice_, class_id=place, top_k=1))
        # What is divided by nothing is 0 in one and not a number in the other.
        for key in ("precision", "recall", "f1"):
            assert np.nan_to_num(found[key]) == pytest.approx(by_label[name][key])
        if by_label[name]["auc"] is not None:
            area = numbers(result.get_metrics_for_slice(slice_, class_id=place))["auc"]
            assert area == pytest.approx(by_label[name]["auc"], abs=AREA_TOLERANCE)
    plots = dict(result.plots)[slice_][""][""]["multiClassConfusionMatrixAtThresholds"]["matrices"][0]["entries"]
    counts = np.zeros((3, 3))
    for entry in plots:
        counts[entry.get("actualClassId", 0), entry.get("predictedClassId", 0)] = entry["numWeightedExamples"]
    np.testing.assert_array_equal(counts, confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(3)))


def test_small_slices_are_left_out(folder: str) -> None:
    found = set(tfma.load_eval_result(folder).get_slice_names())
    ages = {(("age", age),) for age in ("20", "020", "1.50", "é=/大", "(none)")}
    assert found == {(), *ages, *((("shop", shop),) for shop in SHOPS)}


def test_tfma_finds_what_the_gate_refuses(judged: pa.Table, folder: str) -> None:
    validation = tfma.load_validation_result(folder)
    failed = {
        (tuple(key.bytes_value.decode() for key in each.slice_key.single_slice_keys), failure.metric_key.name)
        for each in validation.metric_validations_per_slice
        for failure in each.failures
    }
    assert failed == {((), "f1_macro"), ((), "auc"), (("(none)",), "f1_macro")}
    assert not validation.missing_slices
    refusals = LabelSummary(judged, LABELS, SLICES, OPTIONS).slice_refusals(MODEL)
    assert [reason.split(" is ")[0] for reason in refusals] == ["f1_macro of the slice age=(none)"]


def test_no_row_at_all_is_no_error(tmp_path: Path, judged: pa.Table) -> None:
    pq.write_table(judged.slice(0, 0), tmp_path / "texts-0.parquet")
    assert tfma.load_eval_result(analyse(tmp_path, judged.slice(0, 0))).slicing_metrics == []
