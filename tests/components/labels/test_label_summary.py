"""Slices of what was judged: their names, and who is in them."""

import numpy as np
import pyarrow as pa

from components.classification.judging.gate_options import ClassificationGateOptions
from components.gate.judgement import MODEL
from components.labels.judged_labels import LABEL, judged_schema, probabilities_column
from components.labels.label_summary import LabelSummary


def test_a_slice_without_a_value_has_a_name_of_its_own() -> None:
    ages = ["20", "20", None, "", None, "30"]
    columns = {
        LABEL: [0, 1, 0, 1, 1, 0],
        "age": ages,
        probabilities_column(MODEL): list(np.tile(np.float32([0.9, 0.1]), (len(ages), 1))),
    }
    options = ClassificationGateOptions(min_slice_texts=2, slice_thresholds={"age=(none)": {"accuracy": 0.5}})
    summary = LabelSummary(pa.table(columns, judged_schema([MODEL], ["age"])), ["a", "b"], ["age"], options)
    slices = summary.slices(MODEL, MODEL)
    assert {name: each["texts"] for name, each in slices.items()} == {"age=(none)": 3, "age=20": 2}
    # One of the three is right.
    assert summary.slice_refusals(MODEL) == [
        "accuracy of the slice age=(none) is 0.3333; it should be at least 0.5000."
    ]


def test_a_slice_with_a_threshold_and_no_text_refuses_and_one_with_few_is_noted() -> None:
    columns = {
        LABEL: [0, 0, 0, 1],
        "age": ["20", "20", "20", "30"],
        probabilities_column(MODEL): list(np.tile(np.float32([0.9, 0.1]), (4, 1))),
    }
    thresholds = {f"age={age}": {"accuracy": 0.5} for age in (20, 30, 40)}
    options = ClassificationGateOptions(min_slice_texts=2, slice_thresholds=thresholds)
    summary = LabelSummary(pa.table(columns, judged_schema([MODEL], ["age"])), ["a", "b"], ["age"], options)
    assert summary.slice_refusals(MODEL) == ["The slice age=40 has no test texts; what has a threshold must be tested."]
    assert summary.slice_notes() == [
        "The slice age=30 has too few test texts to be judged by its thresholds: 1, and they need 2."
    ]
    assert summary.slice_values() == {"age": ["20"]}
