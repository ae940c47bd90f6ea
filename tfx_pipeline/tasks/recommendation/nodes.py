"""The nodes of the task recommendation."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.merchant.tables import RECOMMENDATION_TABLES
from components.model_trainer import ModelTrainer
from components.parameters import Parameter
from components.recommendation.examples.node import RecommendationExamples
from components.recommendation.examples.options import RecommendationDataOptions, RecommendationExamplesOptions
from components.recommendation.index import RecommendationIndex
from components.recommendation.index_options import RecommendationIndexOptions
from components.recommendation.judging.evaluator import RecommendationEvaluator
from components.rules.node import BasketRules
from components.source_digest import source_digest
from serving.model_names import SEGMENTATION_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.shop.products import TRANSFORM
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.recommendation.options import RankerTrainingOptions, TwoTowerOptions

# Name of the node that mines which products are bought together.
RULES = "BasketRules"


def training_nodes(task: Task[RecommendationConfig], parts: SharedParts, options: RecommendationConfig) -> Trained:
    """Returns the nodes from RecommendationExamples to RecommendationIndex.

    BasketRules, RecommendationTrainer and RecommendationRanker stand between them; the first and the last are there
    where the options ask for them.
    """
    shop = parts.shop

    def earlier(role: str, output: str) -> Parameter:
        return parts.inputs.earlier_output(task.node_id(role), output)

    products, users = parts.tables.get("products"), parts.tables.get("users")
    examples = RecommendationExamples(
        events=parts.tables["events"].examples,
        products=products and products.examples,
        users=users and users.examples,
        options=examples_options(shop, options),
        user_id_key=parts.inputs.user_id_key,
        earlier_catalogue=earlier("Examples", "catalogue"),
        source_digest=source_digest("components.recommendation.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, "events", "products", "users")
    rules = None
    if options.rules is not None:
        rules = BasketRules(
            events=parts.tables["events"].examples,
            catalogue=examples.outputs["catalogue"],
            options=options.rules,
            time_zone=shop.time_zone,
            source_digest=source_digest("components.rules.node"),
        ).with_id(RULES)
    transform, text_vectors = parts.products.transform, parts.products.text_vectors
    # What towers, ranker and index know of the products.
    known: dict[str, Any] = {
        "catalogue": examples.outputs["catalogue"],
        "transformed_products": transform and transform.outputs["transformed_examples"],
        "text_vectors": text_vectors and text_vectors.outputs["vectors"],
    }
    # What an update starts from; empty in a run.
    earlier_parts = {
        "earlier_catalogue": earlier("Examples", "catalogue"),
        "earlier_products": parts.inputs.earlier_output(TRANSFORM, "transformed_examples"),
    }
    pictures = parts.products.picture_vectors
    towers = ModelTrainer(
        examples=examples.outputs["examples"],
        **known,
        picture_vectors=pictures and pictures.outputs["vectors"],
        run_fn="trainer.recommendation.training.run",
        options=TwoTowerOptions(
            text=shop.text,
            tower=options.towers,
            training=options.training,
            update=shop.update,
            privacy=options.privacy,
        ),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=shop.seed,
        checkpoints=parts.inputs.checkpoints,
        earlier_model=earlier("Trainer", "model"),
        **earlier_parts,
        source_digest=source_digest("components.model_trainer", "trainer.recommendation.training"),
    ).with_id(task.node_id("Trainer"))
    ranker = None
    if options.ranker is not None:
        ranker = ModelTrainer(
            examples=examples.outputs["examples"],
            **known,
            rules=rules and rules.outputs["rules"],
            base_model=towers.outputs["model"],
            run_fn="trainer.recommendation.ranker.training.run",
            options=RankerTrainingOptions(
                ranker=options.ranker, history_length=options.serving.history_length, update=shop.update
            ),
            steps=0,
            seed=shop.seed,
            checkpoints=parts.inputs.checkpoints,
            earlier_model=earlier("Ranker", "model"),
            **earlier_parts,
            source_digest=source_digest("components.model_trainer", "trainer.recommendation.ranker.training"),
        ).with_id(task.node_id("Ranker"))
    index = RecommendationIndex(
        towers=towers.outputs["model"],
        **known,
        ranker=ranker and ranker.outputs["model"],
        rules=rules and rules.outputs["rules"],
        **{name: parts.tables[name].examples for name in RECOMMENDATION_TABLES if name in parts.tables},
        options=RecommendationIndexOptions(serving=options.serving, leave_out=options.leave_out),
        source_digest=source_digest("components.recommendation.index"),
    ).with_id(task.node_id("Index"))
    after_gates(index, parts, *RECOMMENDATION_TABLES)
    nodes = [node for node in (examples, rules, towers, ranker, index) if node is not None]
    return Trained(nodes=nodes, examples=examples, model=index.outputs["model"])


def judging_nodes(
    task: Task[RecommendationConfig],
    parts: SharedParts,
    options: RecommendationConfig,
    trained: Trained,
    models: Mapping[str, BaseChannel],
) -> Sequence[BaseNode]:
    """Returns RecommendationEvaluator ─ RecommendationServingValidator ─ RecommendationPusher.

    The evaluation is sliced by the users' segments where the run makes a segmentation.
    """
    evaluator = RecommendationEvaluator(
        examples=trained.examples.outputs["examples"],
        model=trained.model,
        catalogue=trained.examples.outputs["catalogue"],
        segmentation=models.get(SEGMENTATION_MODEL),
        options=options.gate,
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        earlier_examples=parts.inputs.earlier_output(task.node_id("Examples"), "examples"),
        earlier_catalogue=parts.inputs.earlier_output(task.node_id("Examples"), "catalogue"),
        source_digest=source_digest("components.recommendation.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval)]


def examples_options(shop: ShopOptions, options: RecommendationConfig) -> RecommendationExamplesOptions:
    """Returns how events become examples and counts."""
    return RecommendationExamplesOptions(
        **options.model_dump(include=set(RecommendationDataOptions.model_fields) - {"split"}),
        split=options.split.in_zone(shop.time_zone),
        tower_history=options.towers.history,
        ranker_windows=options.ranker.windows if options.ranker else 1,
        ranker_history=options.serving.history_length,
        text_fields=shop.text.fields if shop.text else (),
        max_unknown_product_fraction=shop.limits.max_unknown_product_fraction,
        replay=shop.update.replay,
        named_windows=options.privacy is not None,
        seed=shop.seed,
    )
