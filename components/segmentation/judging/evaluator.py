"""SegmentationEvaluator: judges a served segmentation beside its baselines, by segment and by slice, and blesses it."""

import functools
import json
from typing import Any, ClassVar

import tensorflow as tf
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
from components.classification.text_judge import save_baseline
from components.gate.decision import JudgedBy, loading_error
from components.labels.judged_labels import LAST_BLESSED, MODEL, JudgeTestSplit, judged_schema
from components.labels.label_report import write_label_evaluation
from components.labels.label_summary import LabelSummary
from components.labels.model_analysis import ANALYSIS_FOLDER, AnalyseModel
from components.labels.slices import slice_columns
from components.parameters import Parameter
from components.segmentation.judging.baselines import CARRIED_FORWARD, GRADIENT_BOOSTING, fit_gradient_boosting
from components.segmentation.judging.gate_options import SegmentationGateOptions
from components.segmentation.judging.judge import SegmentJudge, served_segments
from components.segmentation.judging.slices import HISTORY_LENGTH
from trainer.artifacts.example_files import split_files
from trainer.artifacts.parquet_files import read_parquet
from trainer.classification.examples import LABELS_FILE

JUDGED_BY = JudgedBy("user", "users", "the test split is empty")
_TEST_SPLIT = "test"
_USERS = "users"
_BASELINE_FILE = "baseline.pickle"


class SegmentationEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of SegmentationEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "options_json": ExecutionParameter(type=str),
        "attributes": ExecutionParameter(type=str),
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


class SegmentationEvaluatorExecutor(BaseBeamExecutor):
    """Fits gradient boosting, asks all systems about every test user in Beam, then sums up, analyses and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Users are spread over workers; a worker holds the models, the baseline and one batch of histories. Fitting the
        baseline holds `max_baseline_users` training examples, and the summing-up one number a test user and segment.

        Args:
            input_dict: `examples`: histories with the splits train and test. `labels`: the segments. `model`: what the
                trainer exported.
            output_dict: `evaluation`: `evaluation.json`, `users-*.parquet` with one row a test user, without the
                user's id, and `tfma/` with what TensorFlow Model Analysis finds in them. `blessing`: as TFX's Evaluator
                writes it and its Pusher reads it.
            exec_properties: `options_json`: SegmentationGateOptions. `attributes`: JSON list of the users' columns to
                slice by. `thresholds`: JSON of thresholds in place of theirs, or empty. `last_blessed`: folder of the
                served model that was blessed last, or empty. `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = SegmentationGateOptions.model_validate_json(exec_properties["options_json"])
        if exec_properties["thresholds"]:
            options = options.with_thresholds(exec_properties["thresholds"])
        attributes: list[str] = json.loads(exec_properties["attributes"])
        sliced_by = slice_columns((HISTORY_LENGTH,), attributes)
        examples, model = get_single_instance(input_dict["examples"]), get_single_instance(input_dict["model"])
        facts = _facts(get_single_instance(input_dict["labels"]).uri)
        labels, given = facts["labels"], bool(facts["given"])
        baselines = [GRADIENT_BOOSTING] if given else [CARRIED_FORWARD, GRADIENT_BOOSTING]
        # The gate compares with those that there are.
        options = options.model_copy(update={"baselines": tuple(n for n in options.baselines if n in baselines)})
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)
        models = {MODEL: path_utils.serving_model_path(model.uri)}
        last_blessed = exec_properties["last_blessed"]
        nothing = tf.train.Example().SerializeToString()
        last_blessed_error = loading_error(last_blessed, lambda: served_segments(last_blessed, labels)([nothing]))
        if last_blessed and last_blessed_error is None:
            models[LAST_BLESSED] = last_blessed
        baseline_path = f"{evaluation_uri}/{_BASELINE_FILE}"
        save_baseline(_fitted(examples.uri, options.max_baseline_users), baseline_path)
        load_judge = functools.partial(
            SegmentJudge, models=models, baseline=baseline_path, labels=labels, attributes=attributes, given=given
        )
        files, test_examples = f"{evaluation_uri}/{_USERS}", f"{get_split_uri([examples], _TEST_SPLIT)}/*"
        schema = judged_schema([*models, *baselines], sliced_by)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | JudgeTestSplit(test_examples, load_judge, files, schema)
        fileio.remove(baseline_path)
        judged = read_parquet(f"{files}-*.parquet")
        summary = LabelSummary(judged, labels, sliced_by, options, counted=_USERS)
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
            baselines=baselines,
            beside=GRADIENT_BOOSTING,
            counted={_USERS: {"test": summary.rows}},
            last_blessed=last_blessed,
            last_blessed_error=last_blessed_error,
        )


class SegmentationEvaluator(BaseBeamComponent):
    """Judges a segmentation on the test split, as it is served.

    Args:
        examples: Histories with the splits train and test.
        labels: The segments.
        model: The model that is to be served.
        options: What the model must reach.
        attributes: Columns of the users table that the evaluation is sliced by, JSON list.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (ClassificationEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = SegmentationEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SegmentationEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        labels: BaseChannel,
        model: BaseChannel,
        options: SegmentationGateOptions,
        attributes: str,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            SegmentationEvaluatorSpec(
                examples=examples,
                labels=labels,
                model=model,
                options_json=options.model_dump_json(),
                attributes=attributes,
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=ClassificationEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )


def _facts(labels_uri: str) -> Any:
    with fileio.open(f"{labels_uri}/{LABELS_FILE}", "r") as file:
        return json.loads(file.read())


def _fitted(examples_uri: str, most: int) -> Any:
    records = tf.data.TFRecordDataset(split_files(examples_uri, "train"), "GZIP").take(most)
    return fit_gradient_boosting(list(records.as_numpy_iterator()))
