"""The evaluator of models that give labels: judges one by label and by slice beside its baselines, and blesses it."""

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
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import ClassificationEvaluation, Labels
from components.gate.decision import decide
from components.gate.evaluation import write_evaluation
from components.gate.judgement import MODEL, Judgement
from components.gate.last_blessed import LastBlessed
from components.gate.slice_gaps import gap_notes, gap_refusals
from components.gate.test_sample import TakeSample, TestSample
from components.gate.test_split import TEST_SPLIT, JudgeTestSplit
from components.labels.gate_rules import LabelGateRules
from components.labels.judged_labels import judged_schema
from components.labels.judging import MODEL_URI, LabelJudge, LabelJudging, save_fitted
from components.labels.label_details import label_details
from components.labels.label_summary import LabelSummary
from components.labels.model_analysis import ANALYSIS_FOLDER, AnalyseModel
from components.labels.slices import slice_columns
from components.parameters import Parameter, execution_parameters
from trainer.artifacts.example_files import split_files
from trainer.artifacts.labels import load_label_facts
from trainer.artifacts.parquet_files import read_parquet

_FITTED_FILE = "baseline.pickle"


class LabelEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of every evaluator of labels."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, slice_columns=str, thresholds=str, last_blessed=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "labels": ChannelParameter(type=Labels),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=ClassificationEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class LabelEvaluatorExecutor(BaseBeamExecutor):
    """Fits the baselines, asks all systems about every test example in Beam, then sums up, analyses and decides.

    A task's executor says how its model is judged, and nothing else.
    """

    judging: ClassVar[LabelJudging]

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Examples are spread over workers; a worker holds the models, the baselines and one batch of examples. Fitting
        the baselines holds as many training examples as the options allow, and the summing-up one number a test
        example and label.

        Args:
            input_dict: `examples`: with the splits train and test. `labels`: their vocabulary. `model`: what the
                trainer exported.
            output_dict: `evaluation`: `evaluation.json`; Parquet files with one row a test example, without its text
                or user; and `tfma/` with what TensorFlow Model Analysis finds in them. `blessing`: as TFX's Evaluator
                writes it and its Pusher reads it.
            exec_properties: `options_json`: the task's LabelGateRules. `slice_columns`: JSON list of the shop's columns
                to slice by. `thresholds`: JSON of thresholds in place of theirs, or empty. `last_blessed`: folder of
                the served model that was blessed last, or empty. `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        judging = self.judging
        options = judging.options.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        own_slices: list[str] = json.loads(exec_properties["slice_columns"])
        sliced_by = slice_columns(options.built_in_slices, own_slices)
        examples, model = get_single_instance(input_dict["examples"]), get_single_instance(input_dict["model"])
        facts = load_label_facts(get_single_instance(input_dict["labels"]).uri)
        labels: list[str] = facts["labels"]
        facts[MODEL_URI] = model.uri
        baselines = judging.baselines(facts)
        # The gate compares with those that there are.
        options = options.model_copy(update={"baselines": tuple(n for n in options.baselines if n in baselines)})
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)
        last_blessed = LastBlessed.tried(
            exec_properties["last_blessed"],
            lambda path: judging.served(path, labels)([tf.train.Example().SerializeToString()]),
        )
        models = {MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models}
        learned_from = tf.data.TFRecordDataset(split_files(examples.uri, "train"), "GZIP")
        fitted = save_fitted(
            baselines,
            learned_from.take(options.max_baseline_rows).as_numpy_iterator(),
            f"{evaluation_uri}/{_FITTED_FILE}",
        )
        load_judge = functools.partial(LabelJudge, judging, models, fitted, facts, own_slices)
        files, test_examples = f"{evaluation_uri}/{judging.judged_by.many}", get_split_uri([examples], TEST_SPLIT)
        schema = judged_schema([*models, *baselines], sliced_by)
        test_rows = facts["examples"][TEST_SPLIT]
        sample = TestSample(options.max_sampled or test_rows, test_rows)
        taken = TakeSample(sample, judging.user_feature) if sample.share < 1.0 else None
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | JudgeTestSplit(f"{test_examples}/*", load_judge, files, schema, sample=taken)
        fileio.remove(fitted.path)
        judged = read_parquet(f"{files}-*.parquet")
        summary = LabelSummary(judged, labels, sliced_by, options, counted=judging.judged_by.many)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | AnalyseModel(
                f"{files}-*.parquet",
                f"{evaluation_uri}/{ANALYSIS_FOLDER}",
                len(labels),
                summary.slice_values(),
                options,
            )
        judgement = Judgement.of(summary, list(baselines), judging.judged_by, with_last_blessed=last_blessed.judged)
        decision = decide(judgement, options).also(summary.slice_refusals(MODEL), summary.slice_notes())
        gaps = summary.gaps(MODEL)
        decision = decision.also(gap_refusals(gaps, options.max_gap), gap_notes(gaps, options.max_gap))
        decision = decision.also([], sample.notes(summary.rows))
        details = judging.counted(summary.rows) | label_details(summary, judging.beside)
        details |= sample.details(summary.rows)
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)


class LabelEvaluator(BaseBeamComponent):
    """Judges a model that gives labels on the test split, as it is served; a task's own puts its executor in.

    Args:
        examples: With the splits train and test.
        labels: Their vocabulary.
        model: The model that is to be served.
        options: What the model must reach.
        slice_columns: The shop's columns that the evaluation is sliced by, JSON list.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (ClassificationEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = LabelEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(LabelEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        labels: BaseChannel,
        model: BaseChannel,
        options: LabelGateRules,
        slice_columns: str,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            LabelEvaluatorSpec(
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
