"""TensorFlow Model Analysis of judged examples: metrics by label and by slice, and what they have to reach."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_model_analysis as tfma

# TFMA 0.52 does not have its configuration at its top.
from tensorflow_model_analysis.proto.config_pb2 import (
    BinarizationOptions,
    EvalConfig,
    GenericValueThreshold,
    MetricConfig,
    MetricsSpec,
    MetricThreshold,
    ModelSpec,
    PerSliceMetricThreshold,
    SlicingSpec,
)

from components.gate.judgement import MODEL
from components.labels import macro_average
from components.labels.gate_rules import LabelGateRules
from components.labels.judged_labels import LABEL, probabilities_column
from components.labels.slices import shown_value, slice_name

ANALYSIS_FOLDER = "tfma"
_ROWS_AT_ONCE = 1000
# At top 1 a probability counts where it is the largest. Where none is given, TFMA 0.52 takes minus infinity, and then a
# label that is never found has a recall of 1.
_ABOVE_NOTHING = [0.0]
# TFMA's classes of what is computed of each label, by the names that `evaluation.json` has.
_OF_LABELS = {"precision": "Precision", "recall": "Recall", "f1": "F1Score"}


class AnalyseModel(beam.PTransform):
    """Writes what TFMA finds of the model in judged examples, for the start of a pipeline.

    The model is not asked again: its probabilities are a column. Slices are those that are large enough, and the result
    is opened by `tfma.load_eval_result`.

    Args:
        files: Pattern of Parquet files with `components.labels.judged_labels.judged_schema`.
        folder: Where TFMA writes.
        labels: How many labels there are.
        slice_values: Values of each slice column that make a slice; empty stands for none.
        options: Thresholds, over all and of slices.
    """

    def __init__(
        self,
        files: str,
        folder: str,
        labels: int,
        slice_values: Mapping[str, Sequence[str]],
        options: LabelGateRules,
    ) -> None:
        super().__init__()
        self._files = files
        self._folder = folder
        self._slice_values = {column: frozenset(values) for column, values in slice_values.items()}
        self._config = analysis_config(labels, slice_values, options)

    def expand(self, begin: beam.pvalue.PBegin) -> Any:
        """Adds the analysis to a pipeline."""
        return (
            begin
            | "ReadJudged" >> beam.io.ReadFromParquetBatched(self._files)
            | "TakeModel" >> beam.FlatMap(_batches, self._slice_values)
            | "Analyse" >> tfma.ExtractEvaluateAndWriteResults(eval_config=self._config, output_path=self._folder)
        )


def analysis_config(labels: int, slice_values: Mapping[str, Sequence[str]], options: LabelGateRules) -> EvalConfig:
    """Returns what TFMA computes: precision, recall, F1 and AUC by label, the metrics of thresholds, and the confusion.

    A label is found where it is the most probable one, which TFMA calls top 1. TFMA reads the values of slices that
    have thresholds as numbers where it can: what `020` has to reach, it asks of `20` too.

    Args:
        labels: How many labels there are.
        slice_values: Values of each slice column that make a slice; empty stands for none.
        options: Thresholds, over all and of slices; those of other slices are left out.
    """
    slices = {
        slice_name(column, value): SlicingSpec(feature_values={column: shown_value(value)})
        for column, values in slice_values.items()
        for value in values
    }
    asked = [(SlicingSpec(), options.thresholds)]
    asked += [(slices[name], least) for name, least in options.slice_thresholds.items() if name in slices]

    def judged(metric: MetricConfig, name: str) -> MetricConfig:
        for spec, least in asked:
            if name in least:
                bound = MetricThreshold(value_threshold=GenericValueThreshold(lower_bound={"value": least[name]}))
                metric.per_slice_thresholds.append(PerSliceMetricThreshold(slicing_specs=[spec], threshold=bound))
        return metric

    top_one = BinarizationOptions(top_k_list={"values": [1]})
    every_label = BinarizationOptions(class_ids={"values": range(labels)})
    by_label = [_metric(kind, name, top_k=1, thresholds=_ABOVE_NOTHING) for name, kind in _OF_LABELS.items()]
    # An area needs texts of the label and texts of another one.
    averages = [
        judged(_average("f1_macro", labels, of="f1", of_top=1, where="f1", least=1), "f1_macro"),
        judged(_average("auc", labels, of="auc", of_top=None, where="recall", least=2), "auc"),
    ]
    return EvalConfig(
        model_specs=[ModelSpec(label_key=LABEL, prediction_key=probabilities_column(MODEL))],
        slicing_specs=[SlicingSpec(), *(SlicingSpec(feature_keys=[column]) for column in slice_values)],
        metrics_specs=[
            MetricsSpec(
                metrics=[
                    _metric("ExampleCount", "example_count"),
                    _metric("MultiClassConfusionMatrixPlot", "confusion", thresholds=_ABOVE_NOTHING),
                ]
            ),
            # Over all labels at once, the recall of the most probable one is accuracy.
            MetricsSpec(
                metrics=[judged(_metric("Recall", "accuracy", thresholds=_ABOVE_NOTHING), "accuracy")], binarize=top_one
            ),
            MetricsSpec(metrics=[*by_label, _metric("AUC", "auc")], binarize=every_label),
            MetricsSpec(metrics=averages),
        ],
    )


def _metric(class_name: str, name: str, module: str = "", **arguments: Any) -> MetricConfig:
    return MetricConfig(class_name=class_name, module=module, config=json.dumps({"name": name, **arguments}))


def _average(name: str, labels: int, **arguments: Any) -> MetricConfig:
    return _metric(macro_average.MacroAverage.__name__, name, macro_average.__name__, classes=labels, **arguments)


def _batches(judged: pa.Table, slice_values: Mapping[str, frozenset[str]]) -> Iterator[pa.RecordBatch]:
    """Yields batches as TFMA reads them: a list a row, which is empty where the row is in no slice of a column."""
    columns = {LABEL: _lists(judged[LABEL].to_pylist(), pa.int64())}
    prediction = probabilities_column(MODEL)
    columns[prediction] = judged[prediction]
    for column, values in slice_values.items():
        found = judged[column].fill_null("").to_pylist()
        columns[column] = _lists([shown_value(value) if value in values else None for value in found], pa.string())
    yield from pa.table(columns).to_batches(_ROWS_AT_ONCE)


def _lists(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    return pa.array([[] if value is None else [value] for value in values], pa.list_(kind))
