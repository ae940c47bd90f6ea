"""The task recommendation: histories in, products out."""

from collections.abc import Mapping

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.model_trainer import ModelTrainer
from components.recommendation.examples.node import TaskExamples
from components.recommendation.examples.options import TaskExamplesOptions
from components.recommendation.index import CandidateIndex
from components.recommendation.index_options import CandidateIndexOptions
from components.recommendation.judging.evaluator import RankingEvaluator
from components.rules.node import BasketRules
from components.source_digest import source_digest
from tfx_pipeline.config.config import Config
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.products import ProductNodes
from tfx_pipeline.shop.tables import TableNodes
from tfx_pipeline.tasks.node_ids import RecommendationNodes
from tfx_pipeline.tasks.pushing import pushing_nodes
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from trainer.recommendation.options import RankerTrainingOptions, TwoTowerOptions

NODES = RecommendationNodes()
MODEL_NAME = "recommendation"
# Names on TensorBoard of the nodes that train.
TRAININGS = {MODEL_NAME: NODES.trainer, f"{MODEL_NAME}-ranker": NODES.ranker}


def task_nodes(
    config: Config,
    task: RecommendationConfig,
    tables: Mapping[str, TableNodes],
    product_nodes: ProductNodes,
    inputs: PipelineInputs,
    segmentation: BaseChannel | None = None,
) -> list[BaseNode]:
    """Returns the task's nodes in order, from its examples to its Pusher.

    Args:
        config: The whole configuration.
        task: The task's own part of it.
        tables: The table nodes that the task reads from.
        product_nodes: What is made of the products table.
        inputs: The last blessed model, and where the new one goes.
        segmentation: A model that gives users segments, by which the evaluation is sliced; None for no such slices.
    """
    products = tables.get("products")
    users = tables.get("users")
    examples = TaskExamples(
        events=tables["events"].examples,
        products=products and products.examples,
        users=users and users.examples,
        options=_examples_options(config, task),
        user_id_key=inputs.user_id_key,
        source_digest=source_digest("components.recommendation.examples.node"),
    ).with_id(NODES.examples)
    for name in ("events", "products", "users"):
        if name in tables:
            examples.add_upstream_node(tables[name].gate)

    rules = None
    if task.rules is not None:
        rules = BasketRules(
            events=tables["events"].examples,
            catalogue=examples.outputs["catalogue"],
            options=task.rules,
            source_digest=source_digest("components.rules.node"),
        ).with_id(NODES.rules)
    transform, text_vectors = product_nodes
    model_trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        transformed_products=transform and transform.outputs["transformed_examples"],
        text_vectors=text_vectors and text_vectors.outputs["vectors"],
        run_fn="trainer.recommendation.training.run",
        options=TwoTowerOptions(text=config.text, tower=task.towers, training=task.training),
        steps=inputs.steps.get(MODEL_NAME, 0),
        seed=config.seed,
        source_digest=source_digest("components.model_trainer", "trainer.recommendation.training"),
    ).with_id(NODES.trainer)
    ranker = None
    if task.ranker is not None:
        ranker = ModelTrainer(
            examples=examples.outputs["examples"],
            catalogue=examples.outputs["catalogue"],
            transformed_products=transform and transform.outputs["transformed_examples"],
            text_vectors=text_vectors and text_vectors.outputs["vectors"],
            rules=rules and rules.outputs["rules"],
            base_model=model_trainer.outputs["model"],
            run_fn="trainer.recommendation.ranker.training.run",
            options=RankerTrainingOptions(ranker=task.ranker, history_length=task.serving.history_length),
            steps=0,
            seed=config.seed,
            source_digest=source_digest("components.model_trainer", "trainer.recommendation.ranker.training"),
        ).with_id(NODES.ranker)
    index = CandidateIndex(
        model=model_trainer.outputs["model"],
        catalogue=examples.outputs["catalogue"],
        transformed_products=transform and transform.outputs["transformed_examples"],
        text_vectors=text_vectors and text_vectors.outputs["vectors"],
        ranker=ranker and ranker.outputs["model"],
        rules=rules and rules.outputs["rules"],
        options=CandidateIndexOptions(serving=task.serving),
        source_digest=source_digest("components.recommendation.index"),
    ).with_id(NODES.indexer)
    evaluator = RankingEvaluator(
        examples=examples.outputs["examples"],
        model=index.outputs["model"],
        catalogue=examples.outputs["catalogue"],
        segmentation=segmentation,
        options=task.gate,
        thresholds=inputs.thresholds.get(MODEL_NAME, ""),
        last_blessed=inputs.last_blessed.get(MODEL_NAME, ""),
        source_digest=source_digest("components.recommendation.judging.evaluator"),
    ).with_id(NODES.evaluator)
    pushing = pushing_nodes(
        index.outputs["model"],
        examples.outputs["catalogue"],
        evaluator.outputs["blessing"],
        MODEL_NAME,
        inputs,
        validator_id=NODES.serving_validator,
        pusher_id=NODES.pusher,
    )
    nodes = [examples, rules, model_trainer, ranker, index, evaluator, *pushing]
    return [node for node in nodes if node is not None]


def _examples_options(config: Config, task: RecommendationConfig) -> TaskExamplesOptions:
    return TaskExamplesOptions(
        split=task.split,
        event_types=task.event_types,
        bought_event_type=task.bought_event_type,
        min_product_events=task.min_product_events,
        window=task.towers.history,
        ranker_windows=task.ranker.windows if task.ranker else 1,
        ranker_history=task.serving.history_length,
        text_fields=config.text.fields if config.text else (),
        max_unknown_product_fraction=config.limits.max_unknown_product_fraction,
        seed=config.seed,
    )
