"""SearchEvaluator: judges a served search model beside each of its sides, and blesses it or not."""

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

from components.artifacts import Catalogue, RankingEvaluation
from components.gate.decision import decide
from components.gate.evaluation import write_evaluation
from components.gate.judgement import MODEL, Judgement
from components.gate.last_blessed import LastBlessed
from components.gate.test_split import TEST_SPLIT, JudgeTestSplit
from components.parameters import Parameter, execution_parameters
from components.search.dictionary import wordnet_notes
from components.search.index import COMPARISON_FOLDER, FULL_QUERY_TOWER_FOLDER, INDEX_FILE
from components.search.judging.example_groups import example_groups, example_queries
from components.search.judging.gate import JUDGED_BY, index_notes, index_refusals, query_tower_refusals
from components.search.judging.gate_options import SearchGateOptions
from components.search.judging.query_judge import (
    DENSE,
    FULL_QUERY_TOWER,
    LEXICAL,
    QUERIES_AT_ONCE,
    QueryJudge,
    query_schema,
    served_ranking,
)
from components.search.judging.query_summary import QuerySummary
from components.search.tower_choice import tower_notes
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.parquet_files import read_parquet
from trainer.search.queries import load_queries

_QUERIES = "queries"
_SIDES = (DENSE, LEXICAL)


class SearchEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of SearchEvaluator."""

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
        options = SearchGateOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        examples = get_single_instance(input_dict["examples"])
        model = get_single_instance(input_dict["model"])
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        evaluation_uri = get_single_instance(output_dict["evaluation"]).uri
        fileio.makedirs(evaluation_uri)
        full_query_tower = f"{model.uri}/{FULL_QUERY_TOWER_FOLDER}"
        has_full_query_tower = fileio.exists(full_query_tower)
        last_blessed = LastBlessed.tried(
            exec_properties["last_blessed"], lambda path: served_ranking(tf.saved_model.load(path), {})([""], 1)
        )
        models = {
            MODEL: path_utils.serving_model_path(model.uri),
            **({FULL_QUERY_TOWER: full_query_tower} if has_full_query_tower else {}),
            **last_blessed.models,
        }
        load_judge = functools.partial(
            QueryJudge,
            catalogue_uri=catalogue_uri,
            models=models,
            comparison=f"{model.uri}/{COMPARISON_FOLDER}",
            ks=options.k,
            relevant_from=options.relevant_from,
        )
        files, test_queries = f"{evaluation_uri}/{_QUERIES}", get_split_uri([examples], TEST_SPLIT)
        schema = query_schema([*models, *_SIDES], options.k)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | JudgeTestSplit(f"{test_queries}/*", load_judge, files, schema, QUERIES_AT_ONCE)
        summary = QuerySummary(read_parquet(f"{files}-*.parquet"), options)
        baselines = [*_SIDES, *([FULL_QUERY_TOWER] if has_full_query_tower else [])]
        judgement = Judgement.of(summary, baselines, JUDGED_BY, with_last_blessed=last_blessed.judged)
        index = _index_facts(model.uri)
        refusals = index_refusals(index["recall"], options)
        if has_full_query_tower:
            refusals += query_tower_refusals(judgement.metrics, judgement.baselines[FULL_QUERY_TOWER], options)
        decision = decide(judgement, options).also(
            refusals, [*index_notes(index["recall"]), *tower_notes(index), *wordnet_notes(index)]
        )
        served = tf.saved_model.load(models[MODEL])
        asked = example_queries(load_queries(examples.uri, TEST_SPLIT), load_catalogue(catalogue_uri))
        details = {
            "queries": summary.queries,
            "slices": summary.slices(MODEL, baselines),
            "index": index,
            "groups": example_groups(served, *asked),
        }
        of_reranker = index.get("personal", {})
        if "importance" in of_reranker:
            details["importance"] = of_reranker["importance"]
        write_evaluation(output_dict, model, judgement, decision, last_blessed, details)


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


def _index_facts(model_uri: str) -> dict[str, Any]:
    with fileio.open(f"{model_uri}/{INDEX_FILE}", "r") as file:
        facts: dict[str, Any] = json.loads(file.read())
    return facts
