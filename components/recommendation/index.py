"""RecommendationIndex: item vectors of the whole catalogue, and the model that is served from them."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import apache_beam as beam
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec
from tfx.utils import path_utils
from typing_extensions import override

from components.artifacts import AssociationRules, Catalogue, TextVectors
from components.merchant.tables import RECOMMENDATION_TABLES, merchant_word
from components.optional_inputs import optional_uri
from components.parameters import execution_parameters
from components.products.trained_text_vectors import WriteTrainedTextVectors
from components.recommendation.index_options import RecommendationIndexOptions
from components.recommendation.item_vectors import (
    ITEM_VECTORS_SCHEMA,
    ComputeItemVectors,
    ItemSources,
    read_item_vectors,
)
from components.recommendation.judging.ablation import (
    ASKED_ALONE,
    RECOMMENDABLE_ONLY,
    TOWERS,
    comparison_path,
    write_ablations,
)
from components.tables.read_back import input_files
from serving.graph.filters import MAX_EXCLUDED_IDS
from serving.model_names import RECOMMENDATION_MODEL
from serving.recommendation.comparison import ComparedSystem
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.model_versions import package_versions
from trainer.artifacts.names import ITEM_VECTORS_PREFIX, PARQUET_SUFFIX, TRAINED_TEXT_VECTORS_FOLDER
from trainer.fitting.training_summary import read_training_summary
from trainer.recommendation.export import export_recommendation
from trainer.recommendation.never_recommended import left_out_counts
from trainer.recommendation.ranker.category_rules import category_rules
from trainer.recommendation.ranker.served_rules import rules_card, served_rules
from trainer.recommendation.ranker.trained_ranker import load_ranker
from trainer.recommendation.towers.towers import load_towers
from trainer.text.text_vectors import load_text_vectors

_VERSIONED_PACKAGES = ("tensorflow", "keras", "keras-nlp", "tensorflow-recommenders", "tfx", "shelfwise")

_logger = logging.getLogger(__name__)


class RecommendationIndexSpec(ComponentSpec):
    """Inputs, outputs and parameters of RecommendationIndex."""

    PARAMETERS: ClassVar[dict[str, Any]] = execution_parameters(options_json=str, source_digest=str)
    INPUTS: ClassVar[dict[str, Any]] = {
        "towers": ChannelParameter(type=standard_artifacts.Model),
        "catalogue": ChannelParameter(type=Catalogue),
        "transformed_products": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "text_vectors": ChannelParameter(type=TextVectors, optional=True),
        "ranker": ChannelParameter(type=standard_artifacts.Model, optional=True),
        "rules": ChannelParameter(type=AssociationRules, optional=True),
        "relations": ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "pins": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS: ClassVar[dict[str, Any]] = {"model": ChannelParameter(type=standard_artifacts.Model)}


class RecommendationIndexExecutor(BaseBeamExecutor):
    """Computes item vectors in Beam and exports the served model."""

    @override
    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the vector of each product and the SavedModel that searches them.

        Args:
            input_dict: `towers`: the trainer's towers. `catalogue`: the products. `transformed_products` (optional):
                their transformed numbers and categories. `text_vectors` (optional): vectors of their texts; not read
                where the text encoder was trained, whose texts are encoded anew.
                `ranker` (optional): the ranker on top of the towers. `rules` (optional): what is bought together.
                `relations` and `pins` (optional): what the merchant says.
            output_dict: `model`: `Format-Serving/` is the SavedModel, with warm-up file and model card; with a
                ranker, `Comparison/` is a SavedModel that ranks by its parts, whose names are in `comparison.json`;
                `item_vectors-*.parquet` has columns product_index and vector, in any order. Where the text encoder was
                trained, `trained_text_vectors/vectors-*.parquet` has columns text and vector.
            exec_properties: `options_json`: RecommendationIndexOptions. `source_digest` only keys the cache.
        """
        options = RecommendationIndexOptions.model_validate_json(exec_properties["options_json"])
        towers_uri = get_single_instance(input_dict["towers"]).uri
        catalogue_uri = get_single_instance(input_dict["catalogue"]).uri
        output_uri = get_single_instance(output_dict["model"]).uri
        fileio.makedirs(output_uri)
        towers = load_towers(towers_uri)
        catalogue = load_catalogue(catalogue_uri)
        facts = load_catalogue_facts(catalogue_uri)
        texts = catalogue.column("text").to_pylist()
        text_vectors_uri = optional_uri(input_dict, "text_vectors")
        if towers.text_encoder is not None:
            # Under the output, which distributed workers can write to.
            text_vectors_uri = f"{output_uri}/{TRAINED_TEXT_VECTORS_FOLDER}"
            fileio.makedirs(text_vectors_uri)
            distinct = catalogue.column("text").unique().to_pylist()
            with self._make_beam_pipeline() as pipeline:
                _ = pipeline | WriteTrainedTextVectors(distinct, towers_uri, options.text_batch_size, text_vectors_uri)
        sources = ItemSources(
            towers_uri=towers_uri,
            catalogue_uri=catalogue_uri,
            transformed_products_uri=optional_uri(input_dict, "transformed_products"),
            text_vectors_uri=text_vectors_uri,
        )
        starts = range(0, catalogue.num_rows, options.rows_at_once)
        ranges = [(start, min(start + options.rows_at_once, catalogue.num_rows)) for start in starts]
        vectors_prefix = f"{output_uri}/{ITEM_VECTORS_PREFIX}"
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "CreateProductRanges" >> beam.Create(ranges, reshuffle=True)
                | "ComputeItemVectors" >> ComputeItemVectors(sources)
                | "WriteItemVectors"
                >> beam.io.WriteToParquetBatched(vectors_prefix, ITEM_VECTORS_SCHEMA, file_name_suffix=PARQUET_SUFFIX)
            )
        tower_vectors, linear_vectors = towers.split(read_item_vectors(output_uri, catalogue.num_rows))
        export = partial(
            export_recommendation,
            catalogue=catalogue,
            tower_vectors=tower_vectors,
            linear_vectors=linear_vectors,
            user_tower=towers.user_tower,
            event_types=facts["event_types"],
            bought_event_type=facts["bought_event_type"],
            rejecting_types=[
                name for name, weight in zip(facts["event_types"], facts["event_weights"], strict=True) if weight < 0
            ],
            tower_history=towers.user_tower.tower_history,
            serving=options.serving,
            text_vectors=None if text_vectors_uri is None else load_text_vectors(text_vectors_uri, texts),
            leave_out=options.leave_out,
        )
        ranker_uri = optional_uri(input_dict, "ranker")
        model_card = _model_card(
            {"towers": towers_uri, "ranker": ranker_uri},
            facts,
            options,
            towers.user_tower.tower_history,
            catalogue.num_rows,
        )
        rules_uri = optional_uri(input_dict, "rules")
        together = None if rules_uri is None else served_rules(rules_uri, catalogue)
        categories_together = None if rules_uri is None else category_rules(rules_uri, catalogue)
        if together is not None:
            model_card["rules"] = rules_card(together, catalogue)
        left_out = left_out_counts(catalogue, options.leave_out)
        model_card["leave_out"] = left_out
        for reason in ("category", "product_id"):
            if idle := [name for name, products in left_out[reason].items() if not products]:
                _logger.warning(
                    "`tasks.recommendation.leave_out.%s` names what no product of the catalogue has: %s", reason, idle
                )
        ranking = None
        compared: dict[str, ComparedSystem] = {}
        if ranker_uri is not None:
            ranker = load_ranker(ranker_uri, catalogue_uri, together)
            ranking = ranker.model
            compared[TOWERS] = ComparedSystem()
            compared |= {name: ComparedSystem(without) for name, without in ranker.ablations.items()}
        if left_out["products"]:
            compared[RECOMMENDABLE_ONLY] = ComparedSystem(ranking, recommendable_only=True)
        if compared and options.compared:
            alone = [name for name in ASKED_ALONE if name in compared]
            export(comparison_path(output_uri), compared=compared, compared_alone=alone)
            write_ablations(output_uri, compared)
        export(
            path_utils.serving_model_path(output_uri),
            ranking=ranking,
            together=together,
            categories_together=categories_together,
            model_card=model_card,
            merchant=merchant_word({name: input_files(input_dict, name) for name in RECOMMENDATION_TABLES}),
        )


class RecommendationIndex(BaseBeamComponent):
    """Indexes the catalogue and exports the model that is served.

    Args:
        towers: What the trainer of the towers wrote.
        catalogue: The products.
        options: Sizes of the served model, and what its model card says.
        source_digest: Digest of the code that this component depends on; a new one makes it run again.
        transformed_products: Their transformed numbers and categories, where there is a products table.
        text_vectors: Vectors of their texts, where text is on.
        ranker: The ranker on top of the towers, where there is one.
        rules: Which products are bought together, where that is mined; the model then has `bought_together`.
        relations: Table of the merchant's relations.
        pins: Table of the merchant's pins.

    Output `model` (standard_artifacts.Model).
    """

    SPEC_CLASS = RecommendationIndexSpec
    EXECUTOR_SPEC = BeamExecutorSpec(RecommendationIndexExecutor)

    def __init__(
        self,
        *,
        towers: BaseChannel,
        catalogue: BaseChannel,
        options: RecommendationIndexOptions,
        source_digest: str,
        transformed_products: BaseChannel | None = None,
        text_vectors: BaseChannel | None = None,
        ranker: BaseChannel | None = None,
        rules: BaseChannel | None = None,
        relations: BaseChannel | None = None,
        pins: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            RecommendationIndexSpec(
                towers=towers,
                catalogue=catalogue,
                options_json=options.model_dump_json(),
                source_digest=source_digest,
                transformed_products=transformed_products,
                text_vectors=text_vectors,
                ranker=ranker,
                rules=rules,
                relations=relations,
                pins=pins,
                model=Channel(type=standard_artifacts.Model),
            )
        )


def _model_card(
    trained_uris: Mapping[str, str | None],
    facts: dict[str, Any],
    options: RecommendationIndexOptions,
    tower_history: int,
    products: int,
) -> dict[str, Any]:
    training = {part: read_training_summary(uri) for part, uri in trained_uris.items() if uri is not None}
    return {
        "model": RECOMMENDATION_MODEL,
        "data": facts,
        "training": training,
        "versions": package_versions(_VERSIONED_PACKAGES),
        "limits": {
            "history_length": options.serving.history_length,
            "tower_history": tower_history,
            "default_k": options.serving.default_k,
            "max_k": options.serving.max_k,
            "exclude_ids": MAX_EXCLUDED_IDS,
            "products": products,
        },
        "serving": {"collapse": options.serving.collapse},
        **options.model_card,
    }
