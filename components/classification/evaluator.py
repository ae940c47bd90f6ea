"""ClassificationEvaluator: judges a served classifier by label and by slice, and blesses it or not."""

import functools
import json
from typing import Any, ClassVar

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import ClassificationEvaluation, Labels
from components.classification.baseline import TFIDF, fit_tfidf
from components.classification.gate_options import ClassificationGateOptions
from components.classification.text_judge import TextJudge, save_baseline, served_classifier
from components.gate.decision import JudgedBy, loading_error
from components.labels.judged_labels import LAST_BLESSED, MODEL, JudgeTestSplit, judged_schema
from components.labels.label_report import write_label_evaluation
from components.labels.label_summary import LabelSummary
from components.labels.model_analysis import ANALYSIS_FOLDER, AnalyseModel
from components.labels.slices import TEXT_SLICES, slice_columns
from components.parameters import Parameter
from trainer.artifacts.parquet_files import read_parquet
from trainer.classification.examples import load_labelled_texts, load_labels

JUDGED_BY = JudgedBy("text", "texts", "the test split is empty")
_TEST_SPLIT = "test"
_TEXTS = "texts"
_BASELINE_FILE = "baseline.pickle"


class ClassificationEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of ClassificationEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "options_json": ExecutionParameter(type=str),
        "slice_columns": ExecutionParameter(type=str),
        "thresholds": ExecutionParameter(type=str),
        "last_blessed": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "labels": ChannelParameter(type=Labels),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=ClassificationEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class ClassificationEvaluatorExecutor(BaseBeamExecutor):
    """Fits the baseline, asks both about every test text in Beam, then sums up, analyses and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Texts are spread over workers; a worker holds the models, the baseline and one batch of texts. Fitting the
        baseline holds `max_baseline_texts` training texts, and the summing-up one number a test text and label.

        Args:
            input_dict: `examples`: texts with the splits train and test. `labels`: their vocabulary. `model`: what the
                trainer exported.
            output_dict: `evaluation`: `evaluation.json`, `texts-*.parquet` with one row a test text, without the
                text itself, and `tfma/` with what TensorFlow Model Analysis finds in them. `blessing`: as TFX's
                Evaluator writes it and its Pusher reads it.
            exec_properties: `options_json`: ClassificationGateOptions. `slice_columns`: JSON list of the columns to
                slice by. `thresholds`: JSON of thresholds in place of theirs, or empty. `last_blessed`: folder of the
                served model that was blessed last, or empty. `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = ClassificationGateOptions.model_validate_json(exec_properties["options_json"])
        if exec_properties["thresholds"]:
            options = options.with_thresholds(exec_properties["thresholds"])
        own_slices: list[str] = json.loads(exec_properties["slice_columns"])
        examples, model = get_single_instance(input_dict["examples"]), get_single_instance(input_dict["model"])
        labels = load_labels(get_single_instance(input_dict["labels"]).uri)
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)
        models = {MODEL: path_utils.serving_model_path(model.uri)}
        last_blessed = exec_properties["last_blessed"]
        last_blessed_error = loading_error(last_blessed, lambda: served_classifier(last_blessed, labels)([""]))
        if last_blessed and last_blessed_error is None:
            models[LAST_BLESSED] = last_blessed
        baseline_path = f"{evaluation_uri}/{_BASELINE_FILE}"
        learned = load_labelled_texts(examples.uri, "train")
        most = options.max_baseline_texts
        save_baseline(fit_tfidf(learned.texts[:most], learned.labels[:most]), baseline_path)
        load_judge = functools.partial(
            TextJudge, models=models, baseline=baseline_path, labels=labels, own_slices=own_slices
        )
        sliced_by = slice_columns(TEXT_SLICES, own_slices)
        files, test_examples = f"{evaluation_uri}/{_TEXTS}", f"{get_split_uri([examples], _TEST_SPLIT)}/*"
        schema = judged_schema([*models, TFIDF], sliced_by)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | JudgeTestSplit(test_examples, load_judge, files, schema)
        fileio.remove(baseline_path)
        judged = read_parquet(f"{files}-*.parquet")
        summary = LabelSummary(judged, labels, sliced_by, options)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | AnalyseModel(
                f"{files}-*.parquet",
                f"{evaluation_uri}/{ANALYSIS_FOLDER}",
                len(labels),
                summary.slice_values(),
                options,
            )
        write_label_evaluation(
            output_dict,
            model,
            summary,
            options,
            judged_by=JUDGED_BY,
            baselines=[TFIDF],
            beside=TFIDF,
            counted={_TEXTS: summary.rows},
            last_blessed=last_blessed,
            last_blessed_error=last_blessed_error,
        )


class ClassificationEvaluator(BaseBeamComponent):
    """Judges a classifier on the test split, as it is served.

    Args:
        examples: Texts with the splits train and test.
        labels: Their vocabulary.
        model: The model that is to be served.
        options: What the model must reach.
        slice_columns: Columns that the evaluation is sliced by, JSON list.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (ClassificationEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = ClassificationEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ClassificationEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        labels: BaseChannel,
        model: BaseChannel,
        options: ClassificationGateOptions,
        slice_columns: str,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            ClassificationEvaluatorSpec(
                examples=examples,
                labels=labels,
                model=model,
                options_json=options.model_dump_json(),
                slice_columns=slice_columns,
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=ClassificationEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
