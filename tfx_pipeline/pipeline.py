"""The pipeline, as a pure function of the configuration and of what is known of the inputs."""

import hashlib
import json
from collections.abc import Sequence
from types import ModuleType

from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types.channel import BaseChannel

from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.products import product_nodes
from tfx_pipeline.shop.tables import table_nodes
from tfx_pipeline.tasks.classification import nodes as classification
from tfx_pipeline.tasks.recommendation import nodes as recommendation
from tfx_pipeline.tasks.search import nodes as search
from tfx_pipeline.tasks.segmentation import nodes as segmentation


def create_pipeline(config: Config, inputs: PipelineInputs, root: str, metadata_file: str | None = None) -> Pipeline:
    """Puts the nodes of the configured tables and tasks together.

    Args:
        config: What to run.
        inputs: Digests and paths that were looked up beforehand.
        root: Folder or URI below which artifacts go.
        metadata_file: SQLite file of ML Metadata; None where the orchestrator keeps its own.

    Returns:
        A pipeline for any TFX runner; equal arguments give equal pipelines.
    """
    tables = {name: table_nodes(name, config, inputs) for name in config.tables.given()}
    nodes = [node for table in tables.values() for node in table.nodes]
    of_products = product_nodes(config, tables.get("products"))
    nodes += of_products.nodes()
    of_segmentation: list[BaseNode] = []
    if config.tasks.segmentation is not None:
        of_segmentation = segmentation.task_nodes(config, config.tasks.segmentation, tables, inputs)
    if config.tasks.recommendation is not None:
        segments = _output(of_segmentation, segmentation)
        nodes += recommendation.task_nodes(config, config.tasks.recommendation, tables, of_products, inputs, segments)
    if config.tasks.search is not None:
        nodes += search.task_nodes(config, config.tasks.search, tables, of_products, inputs)
    if config.tasks.classification is not None:
        nodes += classification.task_nodes(config, config.tasks.classification, tables["texts"], inputs)
    if config.tasks.segmentation is not None:
        nodes += [*of_segmentation, segmentation.segments_node(of_segmentation, _output(nodes, recommendation))]
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=f"{root}/artifacts",
        components=nodes,
        enable_cache=True,
        metadata_connection_config=metadata_file and metadata.sqlite_metadata_connection_config(metadata_file),
        beam_pipeline_args=list(config.beam_args),
    )


def _output(nodes: Sequence[BaseNode], task: ModuleType) -> BaseChannel | None:
    """Returns the model that a task serves, None where its nodes are not among these."""
    return next((node.outputs["model"] for node in nodes if node.id == task.NODES.exporter), None)


def fingerprint(pipeline: Pipeline) -> str:
    """Returns a digest of all that decides what the nodes put out: their names and execution properties."""
    properties = {
        node.id: sorted((key, str(value)) for key, value in node.exec_properties.items())
        for node in pipeline.components
    }
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()
