"""The nodes of the task response, and what is taken from their artifacts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode

from components.model_trainer import ModelTrainer
from components.response.examples.node import ResponseExamples
from components.response.examples.options import ResponseDataOptions, ResponseExamplesOptions
from components.response.judging.evaluator import ResponseEvaluator
from components.response.offers.node import UserOffers
from components.response.texts.node import OfferTextOptions, OfferTextVectors
from components.source_digest import source_digest
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.nodes import after_gates, pushing_nodes
from tfx_pipeline.tasks.response.config import ResponseConfig
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from trainer.response.options import ResponseOptions

# Name of the node that asks the model about every known user and current offer.
OFFERS = "UserOffers"
# Name of the node that encodes what offers say.
TEXT_VECTORS = "OffersTextVectors"
_TABLES = ("impressions", "offers", "events", "products", "users")


def training_nodes(task: Task[ResponseConfig], parts: SharedParts, options: ResponseConfig) -> Trained:
    """Returns OffersTextVectors ─ ResponseExamples ─ ResponseTrainer."""
    vectors = parts.products.text_vectors
    own = _offer_vectors(parts, options)
    examples = ResponseExamples(
        **{name: parts.tables[name].examples for name in _TABLES if name in parts.tables},
        text_vectors=vectors.outputs["vectors"] if vectors is not None else None,
        offer_vectors=own.outputs["vectors"] if own is not None else None,
        options=examples_options(parts.shop, options),
        user_id_key=parts.inputs.user_id_key,
        source_digest=source_digest("components.response.examples.node"),
    ).with_id(task.node_id("Examples"))
    after_gates(examples, parts, *_TABLES)
    trainer = ModelTrainer(
        examples=examples.outputs["examples"],
        catalogue=examples.outputs["catalogue"],
        run_fn="trainer.response.training.run",
        options=training_options(options),
        steps=parts.inputs.steps.get(task.name, 0),
        seed=parts.shop.seed,
        source_digest=source_digest("components.model_trainer", "trainer.response.training"),
    ).with_id(task.node_id("Trainer"))
    return Trained(
        nodes=[*([] if own is None else [own]), examples, trainer], examples=examples, model=trainer.outputs["model"]
    )


def _offer_vectors(parts: SharedParts, options: ResponseConfig) -> OfferTextVectors | None:
    """Returns the node that encodes what offers say; None where there is nothing to read or nothing to read it with."""
    text = parts.shop.text
    if text is None or not options.vector_width or "offers" not in parts.tables:
        return None
    encoded = OfferTextVectors(
        offers=parts.tables["offers"].examples,
        options=OfferTextOptions(text=text, explained_words=options.explained_words),
        source_digest=source_digest("components.response.texts.node"),
    ).with_id(TEXT_VECTORS)
    after_gates(encoded, parts, "offers")
    return encoded


def judging_nodes(
    task: Task[ResponseConfig], parts: SharedParts, options: ResponseConfig, trained: Trained
) -> Sequence[BaseNode]:
    """Returns ResponseEvaluator ─ ResponseServingValidator ─ ResponsePusher, and UserOffers."""
    evaluator = ResponseEvaluator(
        examples=trained.examples.outputs["examples"],
        model=trained.model,
        catalogue=trained.examples.outputs["catalogue"],
        options=options.gate,
        thresholds=parts.inputs.thresholds.get(task.name, ""),
        last_blessed=parts.inputs.last_blessed.get(task.name, ""),
        source_digest=source_digest("components.response.judging.evaluator"),
    ).with_id(task.node_id("Evaluator"))
    answers = UserOffers(
        examples=trained.examples.outputs["examples"],
        catalogue=trained.examples.outputs["catalogue"],
        model=trained.model,
        source_digest=source_digest("components.response.offers.node"),
    ).with_id(OFFERS)
    return [evaluator, *pushing_nodes(task, parts, trained, evaluator, options.gate.approval), answers]


def offers_folder(results: Mapping[str, NodeResult]) -> Path:
    """Returns where the node UserOffers wrote its answers."""
    return Path(results[OFFERS].outputs["answers"].uri)


def training_options(options: ResponseConfig) -> ResponseOptions:
    """Returns what training reads."""
    return ResponseOptions(
        network=options.network,
        training=options.training,
        uplift=options.uplift,
        privacy=options.privacy,
        offers_per_request=options.offers_per_request,
        max_k=options.max_k,
    )


def examples_options(shop: ShopOptions, options: ResponseConfig) -> ResponseExamplesOptions:
    """Returns what ResponseExamples reads."""
    features = shop.features
    return ResponseExamplesOptions(
        **options.model_dump(include=set(ResponseDataOptions.model_fields) - {"split"}),
        split=options.split.in_zone(shop.time_zone),
        impression_numbers=features.impressions.numeric,
        impression_categories=features.impressions.categorical,
        offer_numbers=features.offers.numeric,
        offer_categories=features.offers.categorical,
        text_fields=() if shop.text is None else shop.text.fields,
        time_zone=shop.time_zone,
        control=None if options.uplift is None else options.uplift.control,
        seed=shop.seed,
        max_unknown_product_fraction=shop.limits.max_unknown_product_fraction,
        max_bad_fraction=shop.limits.max_bad_fraction,
    )
