"""DemandEvaluator: judges a served model of demand beside its baselines, and blesses it."""

import hashlib
import logging
from typing import Any, ClassVar

import numpy as np
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import Catalogue, DemandEvaluation
from components.demand.judging import baselines
from components.demand.judging.asking import served_ids, served_model
from components.demand.judging.categories import ask_tree, category_details, category_tree, choose_way, reconcile
from components.demand.judging.decision import decide_demand, ratio_differences
from components.demand.judging.details import category_bias, coverage, fan, worst_series
from components.demand.judging.measures import demand_metrics, series_errors
from components.demand.judging.options import DemandGateOptions
from components.demand.series_titles import series_titles
from components.gate.evaluation import write_evaluation
from components.gate.judgement import JudgedBy, Judgement
from components.gate.last_blessed import LastBlessed
from components.parameters import Parameter, execution_parameters
from trainer.demand.series import Floats, Ints
from trainer.demand.series_files import StoredSeries, load_series, test_origins

_JUDGED_BY = JudgedBy("series", "series", "nothing was sold in the test weeks")


class DemandEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of DemandEvaluator."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(
        options_json=str, thresholds=str, last_blessed=str, source_digest=str
    )
    INPUTS: ClassVar[dict[str, Any]] = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": ChannelParameter(type=Catalogue),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {
        "evaluation": ChannelParameter(type=DemandEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class DemandEvaluatorExecutor(BaseExecutor):
    """Asks the model about the test weeks, a horizon at a time, and decides."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the evaluation and the blessing.

        Memory grows with the series times their weeks, and with the answers: 36 numbers a series and horizon of 4.

        Args:
            input_dict: `examples` and `catalogue`: of DemandExamples. `model`: what the trainer exported.
            output_dict: `evaluation`: `evaluation.json`. `blessing`: as TFX's Evaluator writes it.
            exec_properties: `options_json`: DemandGateOptions. `thresholds`: JSON in place of theirs, or empty.
                `last_blessed`: folder of the served model that was blessed last, or empty. `source_digest` only keys
                the cache.

        Raises:
            InputError: `thresholds` is not what it should be.
        """
        options = DemandGateOptions.of_node(exec_properties["options_json"], exec_properties["thresholds"])
        model = get_single_instance(input_dict["model"])
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        stored = load_series(get_single_instance(input_dict["examples"]).uri, catalogue_uri)
        fileio.makedirs(get_single_instance(output_dict["evaluation"]).uri)
        origins, horizon = test_origins(stored.facts), stored.facts["horizon"]
        ask, tree, ids = (
            served_model(path_utils.serving_model_path(model.uri)),
            category_tree(stored),
            served_ids(stored),
        )
        before = origins[0] - horizon
        way = choose_way(ask_tree(ask, stored, tree, [before]), stored, tree, before)
        answers = ask_tree(ask, stored, tree, origins)
        reconciled = reconcile(way, answers, tree)
        products = len(tree.bottom)
        found = reconciled.bottom[:products]
        true = _true(stored, tree.bottom, origins, horizon)
        sample = sampled(stored, tree.bottom, options.baseline_series)
        others = _baselines(stored, tree.bottom[sample], origins, horizon, options)
        last = LastBlessed.tried(
            exec_properties["last_blessed"],
            lambda path: served_model(path)(stored.series, ids, tree.bottom[:1], _one(origins[0])),
        )
        of_last = None
        if last.judged:
            asked = served_model(last.path)
            of_last = np.stack(
                [asked(stored.series, ids, tree.bottom[sample], np.full(len(sample), origin)) for origin in origins],
                axis=1,
            )
        own_sample, true_sample = found[sample], true[sample]
        errors = {name: series_errors(_flat(each), _flat(true_sample)) for name, each in others.items()}
        own = series_errors(_flat(own_sample), _flat(true_sample))
        resampling = options.resamples, options.seed
        metrics = demand_metrics(own_sample, true_sample)
        categories = category_details(way, answers, reconciled, stored, tree, origins)
        metrics["wape_categories"] = categories["wape"]["chosen"]
        judgement = Judgement(
            metrics=metrics,
            baselines={name: demand_metrics(each, true_sample) for name, each in others.items()},
            differences=ratio_differences(own, errors, *resampling),
            users={"test": len(sample)},
            judged_by=_JUDGED_BY,
            last_blessed=None if of_last is None else demand_metrics(of_last, true_sample),
            last_blessed_differences=None
            if of_last is None
            else ratio_differences(own, {"last": series_errors(_flat(of_last), _flat(true_sample))}, *resampling)[
                "last"
            ],
        )
        notes = []
        if len(sample) < products:
            notes.append(
                f"The baselines are asked about {len(sample):,} of {products:,} series, drawn by a hash of their ids; "
                "metrics are over these, and `all_series` has those of the model over all."
            )
        decision = decide_demand(judgement, options, notes)
        titles = series_titles(catalogue_uri, stored)
        details = {
            "series": {"test": products, "compared": len(sample)},
            "all_series": demand_metrics(found, true),
            "test_weeks": len(origins) * horizon,
            "categories": categories,
            "coverage": coverage(found, true),
            "worst_series": worst_series(_flat(found), _flat(true), stored, titles),
            "bias_by_category": category_bias(_flat(found), _flat(true), stored),
            "fan": fan(found, stored, origins, titles),
        }
        write_evaluation(output_dict, model, judgement, decision, last, details)


class DemandEvaluator(BaseComponent):
    """Judges a model of demand on the test weeks, as it is served.

    Args:
        examples: Of DemandExamples.
        catalogue: Likewise.
        model: The model that is to be served.
        options: What the model must reach.
        thresholds: JSON of thresholds in place of those of `options`; empty keeps them.
        last_blessed: Folder of the served model that was blessed last; empty where there is none.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.

    Outputs `evaluation` (DemandEvaluation) and `blessing` (ModelBlessing).
    """

    SPEC_CLASS = DemandEvaluatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(DemandEvaluatorExecutor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        catalogue: BaseChannel,
        model: BaseChannel,
        options: DemandGateOptions,
        thresholds: Parameter,
        last_blessed: Parameter,
        source_digest: str,
    ) -> None:
        super().__init__(
            DemandEvaluatorSpec(
                examples=examples,
                catalogue=catalogue,
                model=model,
                options_json=options.model_dump_json(),
                thresholds=thresholds,
                last_blessed=last_blessed,
                source_digest=source_digest,
                evaluation=Channel(type=DemandEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )


def sampled(stored: StoredSeries, rows: Ints, most: int) -> Ints:
    """Returns the places of at most so many series among `rows`, drawn by a hash of product and store."""
    if len(rows) <= most:
        return np.arange(len(rows))
    keys = (f"{stored.product_ids[row]}\0{stored.store_ids[row]}".encode("utf-8", "surrogateescape") for row in rows)
    digests = [hashlib.sha256(key).digest()[:8] for key in keys]
    return np.sort(np.array(sorted(range(len(rows)), key=digests.__getitem__)[:most], np.int64))


def _baselines(
    stored: StoredSeries, rows: Ints, origins: list[int], horizon: int, options: DemandGateOptions
) -> dict[str, Floats]:
    """Returns `(series, origins, horizon, 9)` of each baseline."""
    units = stored.series.units[rows]
    found: dict[str, Floats] = {}
    for name in options.baselines:
        logging.info("Asking the baseline %s about %d series.", name, len(rows))
        if name == baselines.GRADIENT_BOOSTING:
            products = stored.series.rows(np.flatnonzero(np.array(stored.level) == "product"))
            boosting = baselines.GradientBoosting(products, stored.facts["test_week"], horizon)
            answers = [boosting.quantiles(rows, np.full(len(rows), origin)) for origin in origins]
        elif name in (baselines.TSB, baselines.AUTO_ETS):
            answers = [baselines.statistical(units[:, :origin], horizon, name) for origin in origins]
        else:
            rule = baselines.last_week if name == baselines.LAST_WEEK else baselines.median_of_8
            answers = [rule(units[:, :origin], horizon) for origin in origins]
        found[name] = np.stack(answers, axis=1)
    return found


def _true(stored: StoredSeries, rows: Ints, origins: list[int], horizon: int) -> Floats:
    return np.stack([stored.series.targets(rows, np.full(len(rows), origin), horizon) for origin in origins], axis=1)


def _flat(values: Floats) -> Floats:
    """Returns `(series, origins, horizon, …)` as `(series, weeks, …)`."""
    return values.reshape(len(values), values.shape[1] * values.shape[2], *values.shape[3:])


def _one(value: int) -> Ints:
    return np.array([value], np.int64)
