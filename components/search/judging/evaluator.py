"""SearchEvaluator: judges a served search model beside each of its sides, and blesses it or not."""

import functools
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import apache_beam as beam
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
from tfx.utils import io_utils, path_utils
from typing_extensions import override

from components.artifacts import Catalogue, RankingEvaluation
from components.gate.blessing import write_blessing
from components.gate.decision import Decision, Judgement, decide, describe_last_blessed, loading_error
from components.parameters import Parameter
from components.search.index import COMPARISON_FOLDER, FULL_QUERY_TOWER_FOLDER, INDEX_FILE
from components.search.judging.gate import JUDGED_BY, index_refusals, query_tower_refusals
from components.search.judging.gate_options import SearchGateOptions
from components.search.judging.query_judge import (
    DENSE,
    FULL_QUERY_TOWER,
    LAST_BLESSED,
    LEXICAL,
    MODEL,
    QUERIES_AT_ONCE,
    JudgeQueries,
    QueryJudge,
    filtered_ranking,
    query_schema,
)
from components.search.judging.query_summary import QuerySummary
from trainer.artifacts.parquet_files import read_parquet

_TEST_SPLIT = "test"
_QUERIES = "queries"
_SIDES = (DENSE, LEXICAL)


class SearchEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of SearchEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "options_json": ExecutionParameter(type=str),
        "thresholds": ExecutionParameter(type=str),
        "last_blessed": ExecutionParameter(type=str),
        "source_digest": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=RankingEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class SearchEvaluatorExecutor(BaseBeamExecutor):
    """Asks the served model every test query in Beam, then sums up and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Queries are spread over workers; a worker holds the models and one batch of queries. The summing-up holds a
        table with some ten numbers a query.

        Args:
            input_dict: `examples`: queries, split `test`. `model`: what SearchIndex wrote. `catalogue`: what product
                indices stand for.
            output_dict: `evaluation`: `evaluation.json`, and `queries-*.parquet` with one row a query, without its
                text. `blessing`: as TFX's Evaluator writes it and its Pusher reads it.
            exec_properties: `options_json`: SearchGateOptions. `thresholds`: JSON of thresholds in place of theirs, or
                empty. `last_blessed`: folder of the served model that was blessed last, or empty. `source_digest`
                only keys the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = SearchGateOptions.model_validate_json(exec_properties["options_json"])
        if exec_properties["thresholds"]:
            options = options.with_thresholds(exec_properties["thresholds"])
        examples = get_single_instance(input_dict["examples"])
        model = get_single_instance(input_dict["model"])
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)
        models = {MODEL: path_utils.serving_model_path(model.uri)}
        full_query_tower = f"{model.uri}/{FULL_QUERY_TOWER_FOLDER}"
        if fileio.exists(full_query_tower):
            models[FULL_QUERY_TOWER] = full_query_tower
        last_blessed = exec_properties["last_blessed"]
        last_blessed_error = loading_error(
            last_blessed, lambda: filtered_ranking(tf.saved_model.load(last_blessed), {})([""], 1)
        )
        if last_blessed and last_blessed_error is None:
            models[LAST_BLESSED] = last_blessed
        load_judge = functools.partial(
            QueryJudge,
            catalogue_uri=catalogue_uri,
            models=models,
            comparison=f"{model.uri}/{COMPARISON_FOLDER}",
            ks=options.k,
            relevant_from=options.relevant_from,
        )
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadTestQueries" >> beam.io.ReadFromTFRecord(f"{get_split_uri([examples], _TEST_SPLIT)}/*")
                | "JudgeQueries" >> JudgeQueries(load_judge, QUERIES_AT_ONCE)
                | "WriteQueries"
                >> beam.io.WriteToParquetBatched(
                    f"{evaluation_uri}/{_QUERIES}",
                    query_schema([*models, *_SIDES], options.k),
                    file_name_suffix=".parquet",
                )
            )
        summary = QuerySummary(read_parquet(f"{evaluation_uri}/{_QUERIES}-*.parquet"), options)
        with fileio.open(f"{model.uri}/{INDEX_FILE}", "r") as file:
            index = json.loads(file.read())
        baselines = [*_SIDES, *({FULL_QUERY_TOWER} & models.keys())]
        judgement = _judgement(summary, baselines, with_last_blessed=LAST_BLESSED in models)
        decision = _with_index_recall(decide(judgement, options), index["recall"], options)
        decision = _with_query_tower(decision, judgement, options)
        report = _report(summary, judgement, decision, baselines) | {"index": index}
        if last_blessed:
            report["last_blessed"] = describe_last_blessed(last_blessed, last_blessed_error, judgement)
        io_utils.write_string_file(f"{evaluation_uri}/evaluation.json", json.dumps(report, indent=1))
        write_blessing(get_single_instance(output_dict["blessing"]), model, decision)


class SearchEvaluator(BaseBeamComponent):
    """Judges a search model over the whole catalogue, as it is served.

    Args:
        examples: Queries with a split `test`.
        model: What SearchIndex wrote.
        catalogue: The catalogue of those examples.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (RankingEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = SearchEvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(SearchEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        catalogue: BaseChannel,
        options: SearchGateOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            SearchEvaluatorSpec(
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


def _judgement(summary: QuerySummary, baselines: Sequence[str], *, with_last_blessed: bool) -> Judgement:
    return Judgement(
        metrics=summary.metrics(MODEL),
        baselines={name: summary.metrics(name) for name in baselines},
        differences=summary.differences(MODEL, baselines),
        users={"test": summary.queries},
        judged_by=JUDGED_BY,
        last_blessed=summary.metrics(LAST_BLESSED) if with_last_blessed else None,
        last_blessed_differences=(
            summary.differences(MODEL, [LAST_BLESSED])[LAST_BLESSED] if with_last_blessed else None
        ),
    )


def _with_index_recall(decision: Decision, recall: float | None, options: SearchGateOptions) -> Decision:
    """Adds the rule about the index."""
    if recall is None:
        return decision._replace(notes=[*decision.notes, "The recall of the index was not measured: no query to ask."])
    refused = [*decision.refused_because, *index_refusals(recall, options)]
    return decision._replace(blessed=not refused, refused_because=refused)


def _with_query_tower(decision: Decision, judgement: Judgement, options: SearchGateOptions) -> Decision:
    """Adds the rule about a smaller BERT for queries, where there is one."""
    if FULL_QUERY_TOWER not in judgement.baselines:
        return decision
    reasons = query_tower_refusals(judgement.metrics, judgement.baselines[FULL_QUERY_TOWER], options)
    refused = [*decision.refused_because, *reasons]
    return decision._replace(blessed=not refused, refused_because=refused)


def _report(
    summary: QuerySummary, judgement: Judgement, decision: Decision, baselines: Sequence[str]
) -> dict[str, Any]:
    return {
        "metrics": {"test": judgement.metrics},
        "baselines": judgement.baselines,
        "differences": judgement.differences,
        "queries": summary.queries,
        "slices": summary.slices(MODEL, baselines),
        "blessed": decision.blessed,
        "refused_because": decision.refused_because,
        "notes": decision.notes,
    }
