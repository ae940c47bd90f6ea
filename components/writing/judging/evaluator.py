"""WritingEvaluator: judges a served model of texts beside its templates, and blesses it."""

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

from components.artifacts import RankingEvaluation
from components.gate.decision import decide
from components.gate.evaluation import write_evaluation
from components.gate.judgement import MODEL, JudgedBy, Judgement
from components.gate.last_blessed import LastBlessed
from components.gate.test_split import TEST_SPLIT, JudgeTestSplit
from components.parameters import Parameter, execution_parameters
from components.writing.judging.gate_options import WritingEvaluatorOptions
from components.writing.judging.judge import WritingJudge, judged_schema, written
from components.writing.judging.summary import WritingSummary
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import read_model_card
from trainer.writing.pairs import Pair

JUDGED_BY = JudgedBy("text", "texts", "the test split is empty")
_FILES = "texts"
_AT_ONCE = 8


class WritingEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of WritingEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, thresholds=str, last_blessed=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=RankingEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class WritingEvaluatorExecutor(BaseBeamExecutor):
    """Writes every test text in Beam, then sums up and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Test texts are spread over workers, each of which holds the models.

        Args:
            input_dict: `examples`: of WritingExamples. `model`: what the trainer exported.
            output_dict: `evaluation`: `evaluation.json`, and `texts-*.parquet` with a row each. `blessing`: as TFX's
                Evaluator writes it and its Pusher reads it.
            exec_properties: `options_json`: WritingEvaluatorOptions. `thresholds`: JSON of thresholds in place of
                theirs, or empty. `last_blessed`: folder of the served model that was blessed last, or empty.
                `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = WritingEvaluatorOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        examples, model = (get_single_instance(input_dict[name]) for name in ("examples", "model"))
        uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(uri)
        last_blessed = LastBlessed.tried(
            exec_properties["last_blessed"],
            lambda path: written(tf.saved_model.load(path), [Pair.of("", {})]),
        )
        models = {MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models}
        files = f"{uri}/{_FILES}"
        load = functools.partial(WritingJudge, models, options.baselines, options.kinds)
        with self._make_beam_pipeline() as pipeline:
            test = get_split_uri([examples], TEST_SPLIT)
            schema = judged_schema([*models, *options.baselines])
            _ = pipeline | JudgeTestSplit(f"{test}/*", load, files, schema, _AT_ONCE)
        summary = WritingSummary(read_parquet(f"{files}-*.parquet"), options)
        judgement = Judgement.of(summary, list(options.baselines), JUDGED_BY, with_last_blessed=last_blessed.judged)
        decision = decide(judgement, options).also(summary.refusals(), [])
        training = read_model_card(models[MODEL]).get("training", {})
        details = {
            JUDGED_BY.many: summary.counts(),
            "model": training.get("model"),
            "tuned": training.get("tuned", False),
            "reasons": summary.reasons(),
            "shown": summary.shown(),
        }
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)


class WritingEvaluator(BaseBeamComponent):
    """Judges a model of texts on the test texts, as it is served.

    Args:
        examples: Texts with the splits train and test.
        model: What the trainer exported.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (RankingEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = WritingEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(WritingEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        options: WritingEvaluatorOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            WritingEvaluatorSpec(
                examples=examples,
                model=model,
                options_json=options.model_dump_json(),
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=RankingEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
