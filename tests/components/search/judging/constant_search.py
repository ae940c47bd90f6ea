"""A served search model whose answer is the same to every query."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from serving.graph.filters import MAX_EXCLUDED_IDS

_QUERY = tf.TensorSpec([None], tf.string, "query")


class ConstantSearch(tf.Module):
    """Answers with the first products that it was given, in their order, whatever is asked."""

    def __init__(self, product_ids: Sequence[str]) -> None:
        super().__init__()
        self._ids = tf.constant(list(product_ids))

    def save(self, folder: Path) -> None:
        """Writes a SavedModel with the signature `filtered` alone."""
        signature = tf.function(self.filtered).get_concrete_function(
            query=_QUERY,
            k=tf.TensorSpec([None], tf.int32, "k"),
            category=tf.TensorSpec([None], tf.string, "category"),
            max_price=tf.TensorSpec([None], tf.float32, "max_price"),
            in_stock_only=tf.TensorSpec([None], tf.bool, "in_stock_only"),
            exclude_ids=tf.TensorSpec([None, MAX_EXCLUDED_IDS], tf.string, "exclude_ids"),
        )
        tf.saved_model.save(self, str(folder), signatures={"filtered": signature})

    def save_without_filters(self, folder: Path) -> None:
        """Writes a SavedModel whose signature `filtered` takes a query and nothing else."""
        signature = tf.function(self.first).get_concrete_function(query=_QUERY)
        tf.saved_model.save(self, str(folder), signatures={"filtered": signature})

    def filtered(
        self,
        query: tf.Tensor,
        k: tf.Tensor,
        category: tf.Tensor,
        max_price: tf.Tensor,
        in_stock_only: tf.Tensor,
        exclude_ids: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Takes no notice of any filter."""
        del category, max_price, in_stock_only, exclude_ids
        return self._answer(query, tf.reduce_max(k))

    def first(self, query: tf.Tensor) -> dict[str, tf.Tensor]:
        """The first product."""
        return self._answer(query, tf.constant(1))

    def _answer(self, query: tf.Tensor, count: tf.Tensor) -> dict[str, tf.Tensor]:
        chosen = self._ids[:count]
        rows = tf.size(query)
        scores = -tf.cast(tf.range(tf.size(chosen)), tf.float32)
        columns = {
            "product_ids": chosen,
            "scores": scores,
            "titles": chosen,
            "cluster_ids": tf.zeros_like(chosen, tf.int32),
            "cluster_labels": tf.fill(tf.shape(chosen), "everything"),
        }
        return {name: tf.tile(column[tf.newaxis], [rows, 1]) for name, column in columns.items()}
