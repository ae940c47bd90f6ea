"""Writes trained towers and a catalogue as the SavedModel that is served."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.merchant.word import SAYS_NOTHING, MerchantWord
from serving.model_names import RECOMMENDATION_MODEL
from serving.recommendation.catalogue import ServedCatalogue
from serving.recommendation.comparison import ComparedSystem
from serving.recommendation.module import RecommendationModule
from serving.recommendation.ranker import RankingModel
from serving.recommendation.together import CategoryRules, ServedRules
from serving.signature_names import COMPARE
from trainer.exporting import products_of, write_extra_assets
from trainer.recommendation.never_recommended import recommendable_products
from trainer.recommendation.options import LeaveOutOptions, ServingOptions
from trainer.recommendation.short_vectors import short_vectors
from trainer.things import things_of


def export_recommendation(
    folder: str,
    *,
    catalogue: pa.Table,
    tower_vectors: np.ndarray,
    linear_vectors: np.ndarray,
    user_tower: Callable[..., Any],
    event_types: Sequence[str],
    bought_event_type: str,
    tower_history: int,
    serving: ServingOptions,
    rejecting_types: Sequence[str] = (),
    text_vectors: np.ndarray | None = None,
    leave_out: LeaveOutOptions | None = None,
    ranking: RankingModel | None = None,
    together: ServedRules | None = None,
    categories_together: CategoryRules | None = None,
    model_card: Mapping[str, Any] | None = None,
    compared: Mapping[str, ComparedSystem] | None = None,
    compared_alone: Sequence[str] = (),
    merchant: MerchantWord = SAYS_NOTHING,
) -> None:
    """Writes the SavedModel `recommendation`, with its warm-up file and its model card, or one that compares systems.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        catalogue: The table of the catalogue artifact: product_id, title, category, price, in_stock, popularity, and
            maybe recommendable.
        tower_vectors: float32 `(products, tower dimensions)` of the item tower, in the order of `catalogue`.
        linear_vectors: float32 `(products, linear dimensions)` of the linear model, likewise.
        user_tower: The trained user tower, called with positional arguments and `training=False`.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        tower_history: Latest events that the user tower reads.
        serving: What to export with.
        rejecting_types: Those of the event types that reject a product.
        text_vectors: float32 `(products, any dimensions)` of the products' texts, likewise; None where texts are off.
        leave_out: Products that are never recommended; None for none but those of the column recommendable.
        ranking: What the ranker has learned; None for a model of the towers alone.
        together: Which products are bought together; None for a model without the signature `bought_together`.
        categories_together: What is bought together with categories.
        model_card: What `assets.extra/model_card.json` says; anything that JSON can hold.
        compared: Systems by name, for a SavedModel that is not served but says how these rank; None for a served one.
        compared_alone: Those of them that can be asked by a signature of their own too.
        merchant: What the merchant bans and pins.

    Raises:
        ValueError: The catalogue and the vectors do not fit together.
    """

    def encode(*arguments: tf.Tensor) -> tf.Tensor:
        return user_tower(*arguments, training=False)

    # The module saves what it finds under this name; the tower itself is a Keras object that is not to be saved.
    encode.variables = user_tower.variables  # type: ignore[attr-defined]
    module = RecommendationModule(
        served_catalogue(
            catalogue,
            tower_vectors,
            linear_vectors,
            text_vectors,
            recommendable=recommendable_products(catalogue, leave_out or LeaveOutOptions()),
            thing_of_product=things_of(catalogue, serving.collapse),
        ),
        event_types=event_types,
        bought_event_type=bought_event_type,
        rejecting_types=rejecting_types,
        history_length=serving.history_length,
        tower_history=tower_history,
        default_k=serving.default_k,
        max_k=serving.max_k,
        user_encoder=encode,
        ranking=ranking,
        together=together,
        categories_together=categories_together,
        compared=compared,
        merchant=merchant,
    )
    if compared is not None:
        tf.saved_model.save(module, folder, signatures=module.compare_signatures(*compared_alone))
        return
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    first_product = catalogue.column("product_id")[0].as_py().encode("utf-8", "surrogateescape")
    example = tf.train.Example()
    example.features.feature["history_ids"].bytes_list.value.append(first_product)
    asked = {
        "history_ids": first_product,
        "product_id": first_product,
        "product_ids": first_product,
        "examples": example.SerializeToString(),
        "k": 10,
    }
    # Nobody waits for what only the Evaluator asks.
    warmed_up = {name: function for name, function in signatures.items() if name != COMPARE}
    write_extra_assets(folder, RECOMMENDATION_MODEL, warmed_up, asked, model_card or {})


def served_catalogue(
    catalogue: pa.Table,
    tower_vectors: np.ndarray,
    linear_vectors: np.ndarray,
    text_vectors: np.ndarray | None = None,
    *,
    recommendable: np.ndarray,
    thing_of_product: np.ndarray,
) -> ServedCatalogue:
    """Returns the columns of the catalogue artifact as the served model wants them; the rest as it has them."""
    return ServedCatalogue(
        **products_of(catalogue),
        popularity=catalogue.column("popularity").fill_null(0.0).to_numpy(),
        tower_vectors=tower_vectors,
        linear_vectors=linear_vectors,
        text_vectors=np.zeros((len(catalogue), 0), np.float32) if text_vectors is None else short_vectors(text_vectors),
        recommendable=recommendable,
        thing_of_product=thing_of_product,
    )
