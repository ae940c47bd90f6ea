"""The task search: queries in, ranked and clustered products out."""

from collections.abc import Mapping

from tfx.dsl.components.base.base_node import BaseNode

from components.model_trainer import ModelTrainer
from components.search.examples.node import SearchExamples
from components.search.examples.options import SearchExamplesOptions
from components.search.index import SearchIndex
from components.search.index_options import SearchIndexOptions
from components.search.judging.evaluator import SearchEvaluator
from components.source_digest import source_digest
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.products import ProductNodes
from tfx_pipeline.shop.tables import TableNodes
from tfx_pipeline.tasks.node_ids import SearchNodes
from tfx_pipeline.tasks.pushing import pushing_nodes
from tfx_pipeline.tasks.search.config import SearchConfig
from trainer.options import TextOptions
from trainer.search.options import SearchOptions

NODES = SearchNodes()
MODEL_NAME = "search"
# Names on TensorBoard of the nodes that train.
TRAININGS = {MODEL_NAME: NODES.trainer}


def task_nodes(
    config: Config,
    task: SearchConfig,
    tables: Mapping[str, TableNodes],
    product_nodes: ProductNodes,
    inputs: PipelineInputs,
) -> list[BaseNode]:
    """Returns the task's nodes in order, from its examples to its Pusher.

    Args:
        config: The whole configuration.
        task: The task's own part of it.
        tables: The table nodes that the task reads from.
        product_nodes: What is made of the products table.
        inputs: The last blessed model, and where the new one goes.
    """
    text = _text(config, task)
    judgements, events = tables.get("judgements"), tables.get("events")
    examples = SearchExamples(
        products=tables["products"].examples,
        judgements=judgements and judgements.examples,
        events=events and events.examples,
        options=SearchExamplesOptions(
            queries=task.queries,
            text_fields=text.fields,
            max_unknown_product_fraction=config.limits.max_unknown_product_fraction,
            seed=config.seed,
        ),
        source_digest=source_digest("components.search.examples.node"),
    ).with_id(NODES.examples)
    for name in ("products", "judgements", "events"):
        if name in tables:
            examples.add_upstream_node(tables[name].gate)
    if product_nodes.text_vectors is None:
        raise ValueError("The task search needs text vectors; the configuration has to see to it.")
    text_vectors = product_nodes.text_vectors.outputs["vectors"]
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=text_vectors,
        run_fn="trainer.search.training.run",
        options=SearchOptions(text=text, training=task.training),
        steps=inputs.steps.get(MODEL_NAME, 0),
        seed=config.seed,
        source_digest=source_digest("components.model_trainer", "trainer.search.training"),
    ).with_id(NODES.trainer)
    index = SearchIndex(
        encoder=trainer.outputs["model"],
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=text_vectors,
        options=SearchIndexOptions(
            serving=task.serving,
            clusters=task.clusters,
            relevant_from=task.gate.relevant_from,
            text_fields=text.fields,
            text_batch_size=text.batch_size,
            seed=config.seed,
        ),
        source_digest=source_digest("components.search.index"),
    ).with_id(NODES.indexer)
    evaluator = SearchEvaluator(
        examples=examples.outputs["examples"],
        model=index.outputs["model"],
        catalogue=examples.outputs["catalogue"],
        options=task.gate,
        thresholds=inputs.thresholds.get(MODEL_NAME, ""),
        last_blessed=inputs.last_blessed.get(MODEL_NAME, ""),
        source_digest=source_digest("components.search.judging.evaluator"),
    ).with_id(NODES.evaluator)
    pushing = pushing_nodes(
        index.outputs["model"],
        examples.outputs["catalogue"],
        evaluator.outputs["blessing"],
        MODEL_NAME,
        inputs,
        checks_fn="components.checks.search.failed_checks",
        validator_id=NODES.serving_validator,
        pusher_id=NODES.pusher,
    )
    return [examples, trainer, index, evaluator, *pushing]


def _text(config: Config, task: SearchConfig) -> TextOptions:
    """Returns how texts become vectors, with the task's own way of training where it has one."""
    if config.text is None:
        raise ValueError("The task search needs texts; the configuration has to see to it.")
    if task.text_training is None:
        return config.text
    return config.text.model_copy(update={"training": task.text_training})
