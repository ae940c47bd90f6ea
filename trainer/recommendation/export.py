"""Writes trained towers and a catalogue as the SavedModel that is served."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.model_names import RECOMMENDATION_MODEL
from serving.recommendation.module import RecommendationModule, ServedCatalogue
from serving.recommendation.ranker import RankingModel
from serving.recommendation.together import ServedRules
from trainer.exporting import products_of, write_extra_assets
from trainer.recommendation.options import ServingOptions

# By which models are compared; one that is never served has no other signature.
COMPARED_SIGNATURE = "filtered"


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
    ranking: RankingModel | None = None,
    together: ServedRules | None = None,
    model_card: Mapping[str, Any] | None = None,
) -> None:
    """Writes the SavedModel `recommendation`, with its warm-up file and its model card if it is to be served.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        catalogue: The table of the catalogue artifact: product_id, title, category, price, in_stock, popularity.
        tower_vectors: float32 `(products, tower dimensions)` of the item tower, in the order of `catalogue`.
        linear_vectors: float32 `(products, linear dimensions)` of the linear model, likewise.
        user_tower: The trained user tower, called with positional arguments and `training=False`.
        event_types: Names of the event types, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        tower_history: Latest events that the user tower reads.
        serving: Sizes to export with.
        ranking: What the ranker has learned; None for a model of the towers alone.
        together: Which products are bought together; None for a model without the signature `bought_together`.
        model_card: What `assets.extra/model_card.json` says; anything that JSON can hold. None for a model that is
            only compared with, by the signature `filtered`.

    Raises:
        ValueError: The catalogue and the vectors do not fit together.
    """

    def encode(*arguments: tf.Tensor) -> tf.Tensor:
        return user_tower(*arguments, training=False)

    # The module saves what it finds under this name; the tower itself is a Keras object that is not to be saved.
    encode.variables = user_tower.variables  # type: ignore[attr-defined]
    module = RecommendationModule(
        served_catalogue(catalogue, tower_vectors, linear_vectors),
        event_types=event_types,
        bought_event_type=bought_event_type,
        history_length=serving.history_length,
        tower_history=tower_history,
        default_k=serving.default_k,
        max_k=serving.max_k,
        user_encoder=encode,
        ranking=ranking,
        together=together,
    )
    if model_card is None:
        tf.saved_model.save(module, folder, signatures=module.signatures(COMPARED_SIGNATURE))
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
    write_extra_assets(folder, RECOMMENDATION_MODEL, signatures, asked, model_card)


def served_catalogue(catalogue: pa.Table, tower_vectors: np.ndarray, linear_vectors: np.ndarray) -> ServedCatalogue:
    """Returns the columns of the catalogue artifact as the served model wants them."""
    return ServedCatalogue(
        **products_of(catalogue),
        popularity=catalogue.column("popularity").fill_null(0.0).to_numpy(),
        tower_vectors=tower_vectors,
        linear_vectors=linear_vectors,
    )
