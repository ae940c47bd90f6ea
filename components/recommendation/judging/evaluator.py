"""RecommendationEvaluator: judges a served recommendation model beside its baselines, and blesses it or not."""

import logging
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import apache_beam as beam
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
from components.gate.slice_gaps import gap_details, gap_refusals
from components.gate.test_sample import TakeSample, TestSample
from components.gate.test_split import TEST_SPLIT
from components.parameters import Parameter, execution_parameters
from components.recommendation.judging.ablation import comparison_path, read_ablations
from components.recommendation.judging.baselines import BASELINES
from components.recommendation.judging.cold_start import cold_start_schema, cold_start_systems, summarize_cold_start
from components.recommendation.judging.exposure import exposure_details
from components.recommendation.judging.forgetting import EarlierCatalogue, Forgotten, judge_forgetting
from components.recommendation.judging.gate_options import RecommendationGateOptions
from components.recommendation.judging.judge_users import JudgeColdStart, JudgeLoader, JudgeUsers
from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.summary import UserSummary
from components.recommendation.judging.user_judge import JudgedSystems, user_schema, users_at_once
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.parquet_files import read_parquet
from trainer.recommendation.judged_users import USER_ID

_JUDGED_BY = JudgedBy("user", "users", "no user has an event in the test period")
_USERS, _COLD_START, _EARLIER_USERS = "users", "cold_start", "earlier_users"


class RecommendationEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of RecommendationEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str,
        thresholds=str,
        last_blessed=str,
        earlier_examples=str,
        earlier_catalogue=str,
        source_digest=str,
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue),
        "segmentation": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=RankingEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class RecommendationEvaluatorExecutor(BaseBeamExecutor):
    """Asks the served model for every test user in Beam, then sums up and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Ranking is spread over workers; a worker holds the catalogue, the models and one batch of users. The
        summing-up holds a table with some hundred numbers a user.

        Args:
            input_dict: `examples`: recommendation examples, split `test`. `model`: a model with a served
                SavedModel under Format-Serving, and maybe its parts, as RecommendationIndex writes them. `catalogue`:
                what product indices stand for. `segmentation`: a served segmentation to slice users by, if there is
                one.
            output_dict: `evaluation`: `evaluation.json`, `users-*.parquet`, one row a user without any id, and
                `cold_start-*.parquet`, as `components.recommendation.judging.cold_start` describes it. `blessing`: file
                BLESSED or NOT_BLESSED and custom property `blessed`, as TFX's Evaluator writes them and its Pusher
                reads them.
            exec_properties: `options_json`: RecommendationGateOptions. `thresholds`: JSON of thresholds in place of
                theirs, or empty. `last_blessed`: folder of the served model that was blessed last, or empty.
                `earlier_examples` and `earlier_catalogue`: what the version that an update starts from was judged on,
                on which it must not be worse either; empty in a run. `source_digest` only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        started = time.monotonic()
        options = RecommendationGateOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        examples = get_single_instance(input_dict["examples"])
        model = get_single_instance(input_dict["model"])
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)

        last_blessed = LastBlessed.tried(exec_properties["last_blessed"], lambda path: _load(path, catalogue_uri))
        systems = JudgedSystems(
            {MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models},
            comparison_path(model.uri),
            read_ablations(model.uri),
        )
        segmentation = input_dict.get("segmentation")
        segments = path_utils.serving_model_path(get_single_instance(segmentation).uri) if segmentation else ""
        loader = JudgeLoader(catalogue_uri, systems, options.k, segments)
        products = len(load_catalogue(catalogue_uri))
        sample = TestSample(options.max_users, load_catalogue_facts(catalogue_uri)["examples"][TEST_SPLIT])
        test_uri = get_split_uri([examples], TEST_SPLIT)
        self._judge(test_uri, sample, products, loader, systems.names, options, evaluation_uri)

        summary = UserSummary(read_parquet(f"{evaluation_uri}/{_USERS}-*.parquet"), products, options)
        judgement = Judgement.of(summary, BASELINES, _JUDGED_BY, with_last_blessed=last_blessed.judged)
        decision = decide(judgement, options).also([], sample.notes(summary.examples))
        decision = decision.also(gap_refusals(summary.gaps(MODEL), options.max_gap), [])
        cold_users = read_parquet(f"{evaluation_uri}/{_COLD_START}-*.parquet")
        cold_start = summarize_cold_start(cold_users, options.headline_k, cold_start_systems(systems.names))
        forgetting = {}
        if last_blessed.judged and exec_properties["earlier_examples"]:
            forgotten = self._judge_earlier(
                exec_properties, model, catalogue_uri, last_blessed, options, evaluation_uri
            )
            decision = decision.also(forgotten.refusals, forgotten.notes)
            forgetting = {"earlier_test": forgotten.details}
        details = (
            forgetting
            | _details(summary, systems.parts)
            | {"cold_start": cold_start}
            | {"exposure": _exposure(summary, catalogue_uri, options)}
            | sample.details(summary.examples)
        )
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)
        logging.info(
            "Judged %d users in %.1f s: %s",
            summary.examples,
            time.monotonic() - started,
            "blessed" if decision.blessed else " ".join(decision.refused_because),
        )

    def _judge_earlier(
        self,
        exec_properties: dict[str, Any],
        model: Artifact,
        catalogue_uri: str,
        last_blessed: LastBlessed,
        options: RecommendationGateOptions,
        evaluation_uri: str,
    ) -> Forgotten:
        """Asks the model and the last blessed one about the test users of the run that the update starts from."""
        earlier = EarlierCatalogue(exec_properties["earlier_catalogue"], catalogue_uri)
        systems = JudgedSystems({MODEL: path_utils.serving_model_path(model.uri), **last_blessed.models})
        products = len(load_catalogue(catalogue_uri))
        facts = load_catalogue_facts(exec_properties["earlier_catalogue"])
        sample = TestSample(options.max_users, facts["examples"][TEST_SPLIT])
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadEarlierUsers"
                >> beam.io.ReadFromTFRecord(f"{exec_properties['earlier_examples']}/Split-{TEST_SPLIT}/*")
                | "TakeSample" >> TakeSample(sample, USER_ID)
                | "JudgeEarlierUsers"
                >> JudgeUsers(JudgeLoader(catalogue_uri, systems, options.k, earlier=earlier), users_at_once(products))
                | "WriteEarlierUsers"
                >> beam.io.WriteToParquetBatched(
                    f"{evaluation_uri}/{_EARLIER_USERS}",
                    user_schema([*systems.names, *BASELINES], options.k),
                    file_name_suffix=".parquet",
                )
            )
        users = read_parquet(f"{evaluation_uri}/{_EARLIER_USERS}-*.parquet")
        return judge_forgetting(UserSummary(users, products, options), options)

    def _judge(
        self,
        split_uri: str,
        sample: TestSample,
        products: int,
        loader: JudgeLoader,
        models: list[str],
        options: RecommendationGateOptions,
        evaluation_uri: str,
    ) -> None:
        """Writes what each system recommends to each user, and what the model does without their history."""
        k = options.headline_k
        at_once = users_at_once(products)
        with self._make_beam_pipeline() as pipeline:
            records = pipeline | "ReadTestUsers" >> beam.io.ReadFromTFRecord(f"{split_uri}/*")
            _ = (
                records
                | "TakeSample" >> TakeSample(sample, USER_ID)
                | "JudgeUsers" >> JudgeUsers(loader, at_once)
                | "WriteUsers"
                >> beam.io.WriteToParquetBatched(
                    f"{evaluation_uri}/{_USERS}",
                    user_schema([*models, *BASELINES], options.k),
                    file_name_suffix=".parquet",
                )
            )
            _ = (
                records
                | "JudgeColdStart" >> JudgeColdStart(loader, k, at_once)
                | "WriteColdStart"
                >> beam.io.WriteToParquetBatched(
                    f"{evaluation_uri}/{_COLD_START}",
                    cold_start_schema(k, cold_start_systems(models)),
                    file_name_suffix=".parquet",
                )
            )


class RecommendationEvaluator(BaseBeamComponent):
    """Judges a recommendation model over the whole catalogue, as it is served.

    Args:
        examples: Recommendation examples with a split `test`.
        model: A model with a served SavedModel, as RecommendationIndex writes it.
        catalogue: The catalogue of those examples.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        segmentation: A model that gives users segments to slice by; None for no such slices.
        earlier_examples: URI of the examples of the run that an update starts from; empty in a run.
        earlier_catalogue: URI of their catalogue.

    Outputs `evaluation` (RankingEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = RecommendationEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(RecommendationEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        catalogue: BaseChannel,
        options: RecommendationGateOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
        segmentation: BaseChannel | None = None,
        earlier_examples: Parameter = "",
        earlier_catalogue: Parameter = "",
    ) -> None:
        super().__init__(
            RecommendationEvaluatorSpec(
                examples=examples,
                model=model,
                catalogue=catalogue,
                segmentation=segmentation,
                options_json=options.model_dump_json(),
                thresholds=thresholds,
                last_blessed=last_blessed,
                earlier_examples=earlier_examples,
                earlier_catalogue=earlier_catalogue,
                source_digest=source_digest,
                evaluation=Channel(type=RankingEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )


def _load(path: str, catalogue_uri: str) -> ServedRanking:
    catalogue, facts = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
    return ServedRanking(path, catalogue["product_id"], facts["event_types"], facts["bought_event_type"])


def _exposure(summary: UserSummary, catalogue_uri: str, options: RecommendationGateOptions) -> dict[str, Any]:
    """Returns what goes to each brand, seller and so on in the lists of users with a history."""
    names = load_catalogue_facts(catalogue_uri)["exposure_columns"]
    catalogue = load_catalogue(catalogue_uri, [*names, "event_count"])
    columns = {name: catalogue[name].to_pylist() for name in names}
    return exposure_details(summary.lists(MODEL, options.headline_k), columns, catalogue["event_count"].to_numpy())


def _details(summary: UserSummary, parts: Sequence[str]) -> dict[str, Any]:
    """Returns what the evaluation says beyond what the gate decides on."""
    differences = summary.differences(MODEL, parts)
    return {
        "users": summary.counts(),
        "examples": {"test": summary.examples},
        "ablation": {name: {"metrics": summary.metrics(name), "differences": differences[name]} for name in parts},
        "slices": summary.slices(MODEL, BASELINES),
        "slice_gaps": gap_details(summary.gaps(MODEL)),
    }
