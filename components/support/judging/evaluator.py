"""SupportEvaluator: judges a served model of answers beside its baselines, and blesses it."""

import functools
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

from components.artifacts import Catalogue, RankingEvaluation
from components.gate.decision import decide
from components.gate.evaluation import write_evaluation
from components.gate.judgement import MODEL, JudgedBy, Judgement
from components.gate.last_blessed import LastBlessed
from components.gate.test_split import TEST_SPLIT, JudgeTestSplit
from components.parameters import Parameter, execution_parameters
from components.support.judging.gate_options import SupportEvaluatorOptions
from components.support.judging.judge import SupportJudge, asked, judged_schema
from components.support.judging.summary import SupportSummary
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import read_model_card
from trainer.support.answers import load_answers

JUDGED_BY = JudgedBy("question", "questions", "the test split is empty")
_FILES = "questions"
_AT_ONCE = 128


class SupportEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of SupportEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, thresholds=str, last_blessed=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=RankingEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class SupportEvaluatorExecutor(BaseBeamExecutor):
    """Asks all systems about every test question in Beam, then sums up and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Test questions are spread over workers, each of which holds the models and the answers.

        Args:
            input_dict: `examples` and `catalogue`: of SupportExamples. `model`: what the trainer exported.
            output_dict: `evaluation`: `evaluation.json`, and `questions-*.parquet` with a row each, without the
                question. `blessing`: as TFX's Evaluator writes it and its Pusher reads it.
            exec_properties: `options_json`: SupportEvaluatorOptions. `thresholds`: JSON of thresholds in place of
                theirs, or empty. `last_blessed`: folder of the served model that was blessed last, or empty.
                `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = SupportEvaluatorOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        examples, catalogue, model = (
            get_single_instance(input_dict[name]) for name in ("examples", "catalogue", "model")
        )
        uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(uri)
        last_blessed = LastBlessed.tried(
            exec_properties["last_blessed"],
            lambda path: asked(tf.saved_model.load(path), [_nothing()]),
        )
        models = {MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models}
        files = f"{uri}/{_FILES}"
        load = functools.partial(SupportJudge, models, options.baselines, catalogue.uri, options.text)
        with self._make_beam_pipeline() as pipeline:
            test = get_split_uri([examples], TEST_SPLIT)
            schema = judged_schema([*models, *options.baselines])
            _ = pipeline | JudgeTestSplit(f"{test}/*", load, files, schema, _AT_ONCE)
        summary = SupportSummary(read_parquet(f"{files}-*.parquet"), options)
        judgement = Judgement.of(summary, list(options.baselines), JUDGED_BY, with_last_blessed=last_blessed.judged)
        decision = decide(judgement, options).also(summary.refusals(), [])
        training = read_model_card(models[MODEL]).get("training", {})
        details = {
            JUDGED_BY.many: summary.counts(),
            "max_wrong": options.max_wrong,
            **{name: training.get(name) for name in ("threshold", "answered_without_answer")},
            "risk_coverage": summary.curve(),
            "weights": training.get("weights", {}),
            "worst_answers": summary.worst(load_answers(catalogue.uri).texts),
            "taken_for_wishes": summary.wishes(),
            "wishes": training.get("wishes"),
        }
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)


class SupportEvaluator(BaseBeamComponent):
    """Judges a model of answers on the test questions, as it is served.

    Args:
        examples: Questions with the splits train and test.
        catalogue: The answers.
        model: What the trainer exported.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (RankingEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = SupportEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SupportEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        catalogue: BaseChannel,
        model: BaseChannel,
        options: SupportEvaluatorOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            SupportEvaluatorSpec(
                examples=examples,
                catalogue=catalogue,
                model=model,
                options_json=options.model_dump_json(),
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=RankingEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )


def _nothing() -> bytes:
    """Returns an example that asks nothing."""
    example = tf.train.Example()
    for name in ("question", "product_id"):
        example.features.feature[name].bytes_list.value.append(b"")
    serialized: bytes = example.SerializeToString()
    return serialized
