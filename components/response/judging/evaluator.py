"""ResponseEvaluator: judges a served response model beside its baselines, and blesses it or not."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
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
from components.response.judging.baselines import FittedBaselines
from components.response.judging.gate_options import ResponseGateOptions
from components.response.judging.judged_treatments import judged_rows, shown_rows, treatment_columns, treatment_schema
from components.response.judging.summary import ITEM, OUTCOME, ResponseSummary, judged_schema
from components.response.judging.uplift_summary import uplift_summary
from serving.signature_names import EVALUATE
from trainer.artifacts.example_files import split_files
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import read_model_card
from trainer.response.examples import read_impressions
from trainer.response.items import load_item_facts, load_items

JUDGED_BY = JudgedBy("impression", "impressions", "the test split is empty")
_FILES = "impressions"
_AT_ONCE = 1024


class ResponseJudge:
    """Asks the served models, and the baselines, about test impressions.

    Args:
        models: Folder of each SavedModel by the name of its system.
        baselines: What has learned from the training impressions.
        facts: What the examples' catalogue says.
        treatments: The treatments that the model `MODEL` tells of, the control first; none where it tells of none.
    """

    def __init__(
        self,
        models: Mapping[str, str],
        baselines: FittedBaselines,
        facts: Mapping[str, Any],
        treatments: Sequence[str] = (),
    ) -> None:
        self._treatments = treatments
        self._models = {name: tf.saved_model.load(path) for name, path in models.items()}
        self._baselines, self._facts = baselines.systems(), facts

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns a row with `judged_schema`, and `treatment_schema`, of each serialized tf.Example."""
        rows = read_impressions(tf.data.Dataset.from_tensor_slices(list(records)), self._facts)
        answers = {name: evaluated(model, records) for name, model in self._models.items()}
        found: dict[str, Any] = {name: answer["probabilities"][:, 0] for name, answer in answers.items()}
        found |= {name: ask(rows) for name, ask in self._baselines.items()}
        columns = {name: np.asarray(values, np.float32) for name, values in found.items()}
        items = pa.array(rows.item.tolist(), pa.binary())
        schema = judged_schema(list(columns))
        if self._treatments:
            columns |= treatment_columns(rows, answers[MODEL]["expected"], self._treatments)
            schema = pa.unify_schemas([schema, treatment_schema(self._treatments)])
        return pa.table({ITEM: items, OUTCOME: rows.outcomes[:, 0], **columns}, schema)


def evaluated(model: Any, records: Sequence[bytes]) -> dict[str, Any]:
    """Returns what the signature `evaluate` of a loaded model answers, arrays of a row each record."""
    answer = model.signatures[EVALUATE](examples=tf.constant(list(records)))
    return {name: values.numpy() for name, values in answer.items()}


class ResponseEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of ResponseEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, thresholds=str, last_blessed=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=RankingEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class ResponseEvaluatorExecutor(BaseBeamExecutor):
    """Asks all systems about every test impression in Beam, then sums up and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Test impressions are spread over workers. The baselines learn here, from `max_baseline_rows` impressions, and
        the summing-up holds a number an impression and system.

        Args:
            input_dict: `examples`: impressions, splits `train` and `test`. `model`: what the trainer wrote.
                `catalogue`: what the examples hold.
            output_dict: `evaluation`: `evaluation.json`, and `impressions-*.parquet` with a row each, without the user.
                `blessing`: as TFX's Evaluator writes it and its Pusher reads it.
            exec_properties: `options_json`: ResponseGateOptions. `thresholds`: JSON of thresholds in place of theirs,
                or empty. `last_blessed`: folder of the served model that was blessed last, or empty. `source_digest`
                only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = ResponseGateOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        examples, model = (get_single_instance(input_dict[name]) for name in ("examples", "model"))
        catalogue = get_single_instance(input_dict["catalogue"]).uri
        facts, items = load_item_facts(catalogue), load_items(catalogue)
        uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(uri)
        learned = tf.data.TFRecordDataset(split_files(examples.uri, "train"), "GZIP").take(options.max_baseline_rows)
        own_rate = facts["feature_names"].index(f"past_{facts['outcomes'][0]}_rate")
        baselines = FittedBaselines(read_impressions(learned, facts), own_rate)
        first = next(iter(tf.data.TFRecordDataset(split_files(examples.uri, TEST_SPLIT), "GZIP"))).numpy()
        last_blessed = LastBlessed.tried(
            exec_properties["last_blessed"], lambda path: evaluated(tf.saved_model.load(path), [first])
        )
        models = {MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models}
        names = list(baselines.systems())
        treatments = tuple(read_model_card(models[MODEL]).get("treatments", ()))
        load_judge = functools.partial(ResponseJudge, models, baselines, facts, treatments)
        files = f"{uri}/{_FILES}"
        schema = judged_schema([*models, *names])
        written = pa.unify_schemas([schema, treatment_schema(treatments)]) if treatments else schema
        with self._make_beam_pipeline() as pipeline:
            test = get_split_uri([examples], TEST_SPLIT)
            _ = pipeline | JudgeTestSplit(f"{test}/*", load_judge, files, written, _AT_ONCE)
        judged = read_parquet(f"{files}-*.parquet")
        # Whoever was shown nothing does not say who responds to what is shown.
        shown = shown_rows(judged, treatments) if treatments else judged
        summary = ResponseSummary(shown.select(schema.names), options)
        judgement = Judgement.of(summary, names, JUDGED_BY, with_last_blessed=last_blessed.judged)
        decision = decide(judgement, options)
        details = {
            JUDGED_BY.many: summary.counts(),
            "outcome": facts["outcomes"][0],
            "calibration": summary.calibration(MODEL),
            "offers": summary.by_item(MODEL, dict(zip(items.item_ids, items.texts, strict=True))),
            "moments": facts["moments"],
        }
        if treatments:
            details["uplift"] = uplift_summary(
                judged_rows(judged, OUTCOME, treatments), options.seed, options.resamples
            )
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)


class ResponseEvaluator(BaseBeamComponent):
    """Judges a response model on the test impressions, as it is served.

    Args:
        examples: Impressions with the splits train and test.
        model: What the trainer wrote.
        catalogue: What the examples hold.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (RankingEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = ResponseEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(ResponseEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        catalogue: BaseChannel,
        options: ResponseGateOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            ResponseEvaluatorSpec(
                examples=examples,
                model=model,
                catalogue=catalogue,
                options_json=options.model_dump_json(),
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=RankingEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
