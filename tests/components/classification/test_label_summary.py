"""Slices of what was judged: their names, and who is in them."""

import numpy as np
import pyarrow as pa

from components.classification.gate_options import ClassificationGateOptions
from components.classification.judged_labels import LABEL, MODEL, judged_schema, probabilities_column
from components.classification.label_summary import LabelSummary


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
