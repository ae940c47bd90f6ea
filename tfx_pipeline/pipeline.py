"""The pipeline, as a pure function of the configuration and of what is known of the inputs."""

import hashlib
import json
from collections.abc import Sequence

from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.products import product_nodes, with_reviews
from tfx_pipeline.shop.tables import table_nodes
from tfx_pipeline.tasks.task import SharedParts


def create_pipeline(
    config: Config,
    inputs: PipelineInputs,
    root: str,
    metadata_file: str | None = None,
    beam_args: Sequence[str] | None = None,
    last_node: str | None = None,
) -> Pipeline:
    """Puts the nodes of the configured tables and tasks together.

    Args:
        config: What to run.
        inputs: Digests and paths that were looked up beforehand.
        root: Folder or URI below which artifacts go.
        metadata_file: SQLite file of ML Metadata; None where the orchestrator keeps its own.
        beam_args: What Beam is told; None for what it is told on this machine.
        last_node: A node that trains: what comes after it, and what judges, is left out; None for all nodes.

    Returns:
        A pipeline for any TFX runner; equal arguments give equal pipelines.
    """
    tasks = list(config.tasks.with_options())
    tables = {name: table_nodes(name, config, inputs, options) for name, options in config.options_of_tables().items()}
    tables = with_reviews(config, tables)
    wanted = frozenset(name for task, _ in tasks for name in task.product_inputs)
    products = product_nodes(config, inputs, tables.get("products"), wanted)
    parts = SharedParts(shop=config, inputs=inputs, tables=tables, products=products)
    nodes = [node for table in tables.values() for node in table.nodes] + parts.products.nodes()
    # A model is made before any is judged, so that a task may judge its own by what another's says.
    trained = {task.name: task.training_nodes(parts, options) for task, options in tasks}
    models = {name: each.model for name, each in trained.items()}
    for task, options in tasks:
        own = trained[task.name]
        if last_node is not None:
            places = [place for place, node in enumerate(own.nodes, start=1) if node.id == last_node]
            nodes += own.nodes[: places[0] if places else None]
            continue
        nodes += [*own.nodes, *task.judging_nodes(parts, options, own, models)]
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=f"{root}/artifacts",
        components=nodes,
        enable_cache=True,
        metadata_connection_config=metadata_file and metadata.sqlite_metadata_connection_config(metadata_file),
        beam_pipeline_args=list(config.beam_args if beam_args is None else beam_args),
    )


def fingerprint(pipeline: Pipeline) -> str:
    """Returns a digest of all that decides what the nodes put out: their names and execution properties."""
    properties = {
        node.id: sorted((key, str(value)) for key, value in node.exec_properties.items())
        for node in pipeline.components
    }
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()
