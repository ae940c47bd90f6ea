"""What a query tower is, whichever of them it is, and its files."""

import os
from collections.abc import Sequence
from typing import Protocol

from serving.graph.text_embedder import TextEmbedder
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.search.encoder import SearchEncoder, Vectors
from trainer.search.query_tower.static_tower import StaticQueryTower
from trainer.text.backbone import load_trained_encoder, save_trained_encoder

_FOLDER, _STATIC_FILE = "query_tower", "static_tower.keras"


class QueryTower(Protocol):
    """Reads queries: a `SearchEncoder`, the full one or one of fewer layers, or a `StaticQueryTower`."""

    def embed(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """Embeds many texts, float32 `(texts, dimensions)`."""

    def embedder(self) -> TextEmbedder:
        """Returns the tower as plain TensorFlow, to be saved in a served model."""


def save_query_tower(tower: SearchEncoder | StaticQueryTower, uri: str) -> None:
    """Writes what reads queries beside the encoder under `uri`; head and tokenizer are the encoder's own."""
    folder = os.path.join(uri, _FOLDER)
    if isinstance(tower, StaticQueryTower):
        save_keras(tower.tower, os.path.join(folder, _STATIC_FILE))
    else:
        save_trained_encoder(tower.text_encoder, folder)


def load_query_tower(uri: str, encoder: SearchEncoder) -> SearchEncoder | StaticQueryTower | None:
    """Reads what `save_query_tower` wrote; None where queries are read by the encoder itself.

    Raises:
        ValueError: Keras cannot read it.
    """
    folder = os.path.join(uri, _FOLDER)
    static = load_keras(os.path.join(folder, _STATIC_FILE), optional=True)
    if static is not None:
        return StaticQueryTower(encoder.text_encoder, static)
    text_encoder = load_trained_encoder(folder, optional=True)
    return None if text_encoder is None else SearchEncoder(text_encoder, encoder.head)


def mean_cosine(tower: QueryTower, full: QueryTower, texts: Sequence[str], batch_size: int) -> float:
    """Returns the mean cosine of both towers' vectors of some texts; NaN without any."""
    if not texts:
        return float("nan")
    products: Vectors = tower.embed(texts, batch_size) * full.embed(texts, batch_size)
    return float(products.sum(axis=1).mean())
