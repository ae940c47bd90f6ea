"""The nodes of the task search."""

from collections.abc import Sequence

from tfx.dsl.components.base.base_node import BaseNode

from components.merchant.tables import SEARCH_TABLES
from components.model_trainer import ModelTrainer
from components.search.examples.node import SearchExamples
from components.search.examples.options import SearchExamplesOptions
from components.search.index import SearchIndex
from components.search.index_options import SearchIndexOptions
from components.search.judging.evaluator import SearchEvaluator
from components.source_digest import source_digest
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.search.config import SearchConfig
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.options import TextOptions
from trainer.search.options import SearchOptions


def training_nodes(task: Task[SearchConfig], parts: SharedParts, options: SearchConfig) -> Trained:
    """Returns SearchExamples ─ SearchTrainer ─ SearchIndex."""
    shop, text = parts.shop, _text(parts.shop, options)
    judgements, events = parts.tables.get("judgements"), parts.tables.get("events")
    impressions = parts.tables.get("impressions") if options.queries.shown_outcome is not None else None
    examples = SearchExamples(
        products=parts.tables["products"].examples,
        judgements=judgements and judgements.examples,
        events=events and events.examples,
        impressions=impressions and impressions.examples,
        options=SearchExamplesOptions(
            queries=options.queries,
            text_fields=text.fields,
            kept_columns=options.serving.collapse_columns,
            max_unknown_product_fraction=shop.limits.max_unknown_product_fraction,
            seed=shop.seed,
        ),
        source_digest=source_digest("components.search.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "products", "judgements", "events", *(("impressions",) if impressions else ()))
    if parts.products.text_vectors is None:
        raise ValueError("The task search needs text vectors; the configuration has to see to it.")
    text_vectors = parts.products.text_vectors.outputs["vectors"]
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=text_vectors,
        run_fn="trainer.search.training.run",
        options=SearchOptions(text=text, training=options.training),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=shop.seed,
        checkpoints=parts.inputs.checkpoints,
        source_digest=source_digest("components.model_trainer", "trainer.search.training"),
    ).with_id(task.node_id("Trainer"))
    pictures = parts.products.picture_vectors
    index = SearchIndex(
        encoder=trainer.outputs["model"],
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        text_vectors=text_vectors,
        options=SearchIndexOptions(
            serving=options.serving,
            clusters=options.clusters,
            personal=options.personal,
            event_types=tuple(options.queries.event_types),
            bought_event_type=options.queries.bought_event_type,
            relevant_from=options.gate.relevant_from,
            max_query_tower_loss=options.gate.max_query_tower_loss,
            pictures=shop.pictures if pictures else None,
            text_fields=text.fields,
            text_batch_size=text.batch_size,
            seed=shop.seed,
        ),
        source_digest=source_digest("components.search.index"),
        events=events and events.examples,
        **{name: parts.tables[name].examples for name in SEARCH_TABLES if name in parts.tables},
        picture_vectors=pictures and pictures.outputs["vectors"],
    ).with_id(task.node_id("Index"))
    after_gates(index, parts, *SEARCH_TABLES)
    return Trained(nodes=[examples, trainer, index], examples=examples, model=index.outputs["model"])


def judging_nodes(
    task: Task[SearchConfig], parts: SharedParts, options: SearchConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns SearchEvaluator ─ SearchServingValidator ─ SearchPusher."""
    evaluator = SearchEvaluator(
        examples=trained.examples.outputs["examples"],
        model=trained.model,
        catalogue=trained.examples.outputs["catalogue"],
        options=options.gate,
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.search.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]


def _text(shop: ShopOptions, options: SearchConfig) -> TextOptions:
    """Returns how texts become vectors, with the task's own way of training where it has one."""
    text = shop.text_for("the task search needs texts")
    return text if options.text_training is None else text.model_copy(update={"training": options.text_training})
