"""`shelfwise update --counts` and `index`: what the served recommender counts, and its products, as they are now."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.types import Artifact, standard_artifacts
from tfx.types.artifact_utils import get_single_instance
from tfx.utils import path_utils

from components.artifacts import AssociationRules, Catalogue, TextVectors
from components.dotted_names import load_function
from components.events.users_together import TablePaths
from components.merchant.tables import RECOMMENDATION_TABLES
from components.optional_inputs import optional_uri
from components.pushing.served_versions import push_folder
from components.pushing.serving_validator import validate
from components.recommendation.counting.new_products import (
    encode_new_texts,
    ranker_with_products,
    towers_with_products,
    transform_new_products,
    transformed_ids,
)
from components.recommendation.counting.renewal import check_renewed, renew_catalogue
from components.recommendation.index import RecommendationIndexExecutor
from components.recommendation.index_options import RecommendationIndexOptions
from components.rules.node import BasketRulesExecutor
from components.tables.read_back import input_files
from components.tables.sources import TableSource
from tfx_pipeline.config.config import Config
from tfx_pipeline.running.run_state import PRODUCTS
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.shop.read_table import beam_context, read_table
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.state import PartState
from tfx_pipeline.tasks.recommendation.nodes import examples_options
from tfx_pipeline.tasks.recommendation.task import RecommendationTask
from trainer.artifacts.catalogue import load_catalogue
from trainer.exporting import COUNTS_OF
from trainer.text.product_texts import PRODUCT_ID

_TASK = RecommendationTask()
_TABLES = ("events", "products", *RECOMMENDATION_TABLES)


@dataclass(frozen=True, kw_only=True)
class CountsUpdate:
    """What became of it.

    Attributes:
        pushed: Folder of the new version; None where it could not be served.
        refused_because: One sentence a reason.
        added: Products that came in.
    """

    pushed: str | None
    refused_because: list[str]
    added: int


def renew_counts(
    root: Path, config: Config, part: PartState, instead: Mapping[str, Sequence[TableSource]]
) -> CountsUpdate:
    """Pushes a version of the trained recommender whose counts end now and not where the test period began.

    Popularity, the ranker's numbers of how each product sells, rules, prices, stock and what is recommendable are made
    anew from the tables; towers, neighbours and ranker stay. Products that are new in the table come in, by what the
    towers read of any product. Nothing is judged, since nothing is left to judge by: the gate has judged what was
    learned. The server must answer real requests with the version.

    Args:
        root: The run's folder.
        config: Its configuration.
        part: What its last run left of the task.
        instead: Tables to read in place of those that the configuration names, by name.

    Raises:
        InputError: A table is not what it should be.
    """
    options = config.tasks.with_options()
    task_options = next(given for task, given in options if task.name == _TASK.name)
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        tables = _read_tables(root, config, scratch, instead)
        earlier = part.outputs[f"{_TASK.node_id('Examples')}.catalogue"]
        catalogue = _artifact(Catalogue, scratch / "catalogue")
        paths = TablePaths.of(tables)
        examples = examples_options(config, task_options)
        trained = _trained(part)
        transformed = optional_uri(trained, "transformed_products")
        quarantine = str(root / "counts" / "quarantine" / "unknown_products")
        with beam.Pipeline(argv=list(config.beam_args)) as pipeline:
            _ = renew_catalogue(
                pipeline,
                examples,
                paths,
                earlier_uri=earlier,
                uri=catalogue.uri,
                quarantine_uri=quarantine,
                known_ids=None if transformed is None else transformed_ids(transformed),
            )
        check_renewed(catalogue.uri, examples, quarantine, paths)
        added = len(load_catalogue(catalogue.uri, [PRODUCT_ID])) - len(load_catalogue(earlier, [PRODUCT_ID]))
        if added:
            trained = _with_new_products(trained, earlier, catalogue.uri, tables, config, scratch)
        inputs = trained | {"catalogue": [catalogue]}
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
    return CountsUpdate(pushed=pushed, refused_because=refused, added=added)


def _read_tables(
    root: Path, config: Config, scratch: Path, instead: Mapping[str, Sequence[TableSource]]
) -> dict[str, list[Artifact]]:
    """Checks the tables as a run does, and writes their rows into a scratch folder; `instead` as in `renew_counts`."""
    key = "" if config.plain_user_ids else user_id_key(root)
    forgotten = ForgottenList.under(root).reference()
    options = config.options_of_tables()
    read = {}
    for name, sources in {**config.tables.given(), **instead}.items():
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


def _with_new_products(
    trained: dict[str, list[Artifact]], earlier: str, catalogue: str, tables: dict[str, list[Artifact]], config: Config,
    scratch: Path,
) -> dict[str, list[Artifact]]:  # fmt: skip
    """Returns what `_trained` did, for a catalogue that has grown.

    Args:
        trained: What was trained.
        earlier: URI of the catalogue that it was trained with.
        catalogue: URI of the catalogue that has grown.
        tables: The tables; with products.
        config: Says which encoder texts are read by.
        scratch: Folder for what is made.
    """
    uris = {name: get_single_instance(artifacts).uri for name, artifacts in trained.items()}
    made = {name: _artifact(type(get_single_instance(trained[name])), scratch / "grown" / name) for name in trained}
    transform_new_products(
        uris["transformed_products"],
        _transform_graph(uris["transformed_products"]),
        input_files(tables, PRODUCTS),
        made["transformed_products"].uri,
    )
    if "text_vectors" in uris and config.text is not None:
        texts = load_catalogue(catalogue, ["text"])["text"].to_pylist()
        encode_new_texts(uris["text_vectors"], texts, config.text, made["text_vectors"].uri)
    towers_with_products(
        uris["towers"],
        earlier,
        catalogue,
        made["transformed_products"].uri,
        made["text_vectors"].uri if "text_vectors" in made else None,
        made["towers"].uri,
    )
    if "ranker" in uris:
        ranker_with_products(uris["ranker"], earlier, catalogue, made["ranker"].uri)
    return {name: [artifact] for name, artifact in made.items()}


def _transform_graph(transformed: str) -> str:
    """Returns the TransformGraph of transformed examples: TFX puts outputs of one execution side by side."""
    folder = Path(transformed)
    return str(folder.parents[1] / "transform_graph" / folder.name)


def _artifact(kind: type[Artifact], folder: Path) -> Any:
    made = kind()
    made.uri = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return made
