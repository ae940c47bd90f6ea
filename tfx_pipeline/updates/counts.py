"""`shelfwise update --counts`: sales, season, rules and stock of the served recommender as they are now."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.types import Artifact, standard_artifacts
from tfx.utils import path_utils

from components.artifacts import AssociationRules, Catalogue, TextVectors
from components.dotted_names import load_function
from components.events.users_together import TablePaths
from components.merchant.tables import RECOMMENDATION_TABLES
from components.pushing.served_versions import push_folder
from components.pushing.serving_validator import validate
from components.recommendation.counting.renewal import check_renewed, renew_catalogue
from components.recommendation.index import RecommendationIndexExecutor
from components.recommendation.index_options import RecommendationIndexOptions
from components.rules.node import BasketRulesExecutor
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.shop.read_table import beam_context, read_table
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.state import PartState
from tfx_pipeline.tasks.recommendation.nodes import examples_options
from tfx_pipeline.tasks.recommendation.task import RecommendationTask
from trainer.exporting import COUNTS_OF

_TASK = RecommendationTask()
_TABLES = ("events", "products", *RECOMMENDATION_TABLES)


@dataclass(frozen=True, kw_only=True)
class CountsUpdate:
    """What became of it.

    Attributes:
        pushed: Folder of the new version; None where it could not be served.
        refused_because: One sentence a reason.
    """

    pushed: str | None
    refused_because: list[str]


def renew_counts(root: Path, config: Config, part: PartState) -> CountsUpdate:
    """Pushes a version of the trained recommender whose counts end now and not where the test period began.

    Popularity, the ranker's numbers of how each product sells, rules, prices, stock and what is recommendable are made
    anew from the tables; towers, neighbours and ranker stay, and so do the products. Nothing is judged, since nothing
    is left to judge by: the gate has judged what was learned. The server must answer real requests with the version.

    Args:
        root: The run's folder.
        config: Its configuration.
        part: What its last run left of the task.

    Raises:
        InputError: A table is not what it should be.
    """
    options = config.tasks.with_options()
    task_options = next(given for task, given in options if task.name == _TASK.name)
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        tables = _read_tables(root, config, scratch)
        catalogue = _artifact(Catalogue, scratch / "catalogue")
        paths = TablePaths.of(tables)
        examples = examples_options(config, task_options)
        quarantine = str(root / "counts" / "quarantine" / "unknown_products")
        with beam.Pipeline(argv=list(config.beam_args)) as pipeline:
            _ = renew_catalogue(
                pipeline,
                examples,
                paths,
                earlier_uri=part.outputs[f"{_TASK.node_id('Examples')}.catalogue"],
                uri=catalogue.uri,
                quarantine_uri=quarantine,
            )
        check_renewed(catalogue.uri, examples, quarantine, paths)
        inputs = _trained(part) | {"catalogue": [catalogue]}
        inputs |= {name: tables[name] for name in RECOMMENDATION_TABLES if name in tables}
        if task_options.rules is not None:
            rules = _artifact(AssociationRules, scratch / "rules")
            BasketRulesExecutor(beam_context(config, scratch)).Do(
                {"events": tables["events"], "catalogue": [catalogue]},
                {"rules": [rules]},
                {"options_json": task_options.rules.model_dump_json(), "time_zone": config.time_zone},
            )
            inputs["rules"] = [rules]
        model = _artifact(standard_artifacts.Model, scratch / "model")
        index = RecommendationIndexOptions(
            serving=task_options.serving,
            leave_out=task_options.leave_out,
            compared=False,
            model_card={COUNTS_OF: Path(part.pushed).name},
        )
        RecommendationIndexExecutor(beam_context(config, scratch)).Do(
            inputs, {"model": [model]}, {"options_json": index.model_dump_json()}
        )
        served = path_utils.serving_model_path(model.uri)
        checks = load_function(_TASK.checks_fn, "checks_fn", _TASK.checks_fn)
        refused = validate(served, _TASK.name, checks, catalogue_uri=catalogue.uri, own_process=False)
        pushed = None if refused else push_folder(served, str(root / "serving" / _TASK.name))
    return CountsUpdate(pushed=pushed, refused_because=refused)


def _read_tables(root: Path, config: Config, scratch: Path) -> dict[str, list[Artifact]]:
    """Checks the tables as a run does, and writes their rows into a scratch folder."""
    key = "" if config.plain_user_ids else user_id_key(root)
    forgotten = ForgottenList.under(root).reference()
    options = config.options_of_tables()
    read = {}
    for name, sources in config.tables.given().items():
        if name in _TABLES:
            in_zone = [source.in_zone(config.time_zone) for source in sources]
            kept = root / "counts" / "quarantine" / name
            read[name] = [read_table(name, in_zone, config, options[name], scratch, kept, key, forgotten)[0]]
    return read


def _trained(part: PartState) -> dict[str, list[Artifact]]:
    """Returns the inputs of RecommendationIndex that stay as they are."""
    kinds: dict[str, tuple[str, type[Artifact]]] = {
        "towers": (f"{_TASK.node_id('Trainer')}.model", standard_artifacts.Model),
        "ranker": (f"{_TASK.node_id('Ranker')}.model", standard_artifacts.Model),
        "transformed_products": ("ProductsTransform.transformed_examples", standard_artifacts.Examples),
        "text_vectors": ("ProductsTextVectors.vectors", TextVectors),
    }
    return {
        name: [_artifact(kind, Path(part.outputs[key]))] for name, (key, kind) in kinds.items() if key in part.outputs
    }


def _artifact(kind: type[Artifact], folder: Path) -> Any:
    made = kind()
    made.uri = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return made
