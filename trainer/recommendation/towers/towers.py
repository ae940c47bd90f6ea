"""Builds, saves and loads the towers of a two-tower model together."""

import io
import os
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.recommendation.options import TowerOptions
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_tower import ItemTower
from trainer.recommendation.towers.user_tower import UserTower
from trainer.text.backbone import TextEncoder, load_trained_encoder, save_trained_encoder

ITEM_TOWER_FILE = "item_tower.keras"
USER_TOWER_FILE = "user_tower.keras"
LINEAR_VECTORS_FILE = "linear_vectors.npy"
LOOKS_FILE = "looks.npy"


class Towers(NamedTuple):
    """The trained parts of a two-tower model.

    Attributes:
        item_tower: Reads products.
        user_tower: Reads the latest events of a history.
        linear_vectors: float32 `(products, linear dimensions)`; what
            `trainer.recommendation.towers.linear_item_vectors` has learned of whole histories, in the order of the
            catalogue.
        text_encoder: None where the backbone was frozen or texts are off.
        looks: float32 `(products, picture dimensions)`: what the item tower reads of pictures, in the order of the
            catalogue; None where none are read.
    """

    item_tower: ItemTower
    user_tower: UserTower
    linear_vectors: npt.NDArray[np.float32]
    text_encoder: TextEncoder | None = None
    looks: npt.NDArray[np.float32] | None = None

    def split(self, vectors: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Splits item vectors `(products, dimensions)` into the item tower's values and those of the linear model."""
        tower, linear = np.split(vectors, [self.item_tower.dimensions], axis=1)
        return tower, linear


def build_towers(options: TowerOptions, items: ItemFeatures, event_types: int) -> Towers:
    """Builds towers for a catalogue, with fresh weights from Keras's global seed and no linear model yet."""
    category_sizes = [int(size) for size in items.categories.max(axis=0, initial=0) + 1]
    item_tower = ItemTower(
        products=len(items),
        dimensions=options.dimensions,
        numbers=items.number_names,
        category_sizes=category_sizes,
        text_dimensions=0 if items.text_vectors is None else items.text_vectors.shape[1],
        picture_dimensions=0 if items.looks is None else items.looks.shape[1],
        id_embedding=options.id_embedding,
    )
    user_tower = UserTower(
        dimensions=options.dimensions,
        event_types=event_types,
        tower_history=options.history,
        layers=options.layers,
        heads=options.heads,
        dropout=options.dropout,
    )
    item_tower({name: np.asarray(value)[:1] for name, value in items.inputs().items()})
    user_tower(*_one_event(options.dimensions))
    return Towers(item_tower, user_tower, np.zeros((len(items), 0), np.float32), looks=items.looks)


def save_towers(towers: Towers, model_uri: str) -> None:
    """Writes each part as a file under `model_uri`, which may be on any filesystem that TensorFlow reads."""
    save_keras(towers.item_tower, os.path.join(model_uri, ITEM_TOWER_FILE))
    save_keras(towers.user_tower, os.path.join(model_uri, USER_TOWER_FILE))
    _save(os.path.join(model_uri, LINEAR_VECTORS_FILE), towers.linear_vectors)
    if towers.looks is not None:
        _save(os.path.join(model_uri, LOOKS_FILE), towers.looks)
    if towers.text_encoder is not None:
        save_trained_encoder(towers.text_encoder, model_uri)


def load_towers(model_uri: str) -> Towers:
    """Loads what `save_towers` wrote.

    Raises:
        ValueError: A tower is missing or unreadable.
    """
    item_tower, user_tower = (load_keras(os.path.join(model_uri, name)) for name in (ITEM_TOWER_FILE, USER_TOWER_FILE))
    return Towers(
        item_tower=item_tower,
        user_tower=user_tower,
        linear_vectors=_load(os.path.join(model_uri, LINEAR_VECTORS_FILE)),
        looks=_load(os.path.join(model_uri, LOOKS_FILE)) if item_tower.picture_dimensions else None,
        text_encoder=load_trained_encoder(model_uri, optional=True),
    )


def _save(path: str, values: npt.NDArray[np.float32]) -> None:
    with tf.io.gfile.GFile(path, "wb") as stream:
        np.save(stream, values)


def _load(path: str) -> npt.NDArray[np.float32]:
    with tf.io.gfile.GFile(path, "rb") as stream:
        values: npt.NDArray[np.float32] = np.load(io.BytesIO(stream.read()))
    return values


def _one_event(dimensions: int) -> tuple[Any, ...]:
    return (
        keras.ops.zeros((1, 1, dimensions)),
        keras.ops.zeros((1, 1), dtype="int32"),
        keras.ops.zeros((1, 1)),
        keras.ops.ones((1, 1), dtype="bool"),
    )
