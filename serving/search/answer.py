"""The columns of a search's answer."""

import tensorflow as tf

from serving.graph.answers import texts_at


class SearchAnswers(tf.Module):
    """Makes answers of the products that were found.

    Groups of an answer's own products have their place here, before it is cut.

    Args:
        product_ids: string `(products,)`.
        titles: string `(products,)`.
        cluster_ids: int32 `(products,)`: the cluster of each.
        cluster_labels: string `(clusters,)`.
    """

    def __init__(
        self, product_ids: tf.Variable, titles: tf.Variable, cluster_ids: tf.Variable, cluster_labels: tf.Variable
    ) -> None:
        super().__init__(name="search_answers")
        self._product_ids, self._titles = product_ids, titles
        self._cluster_ids, self._cluster_labels = cluster_ids, cluster_labels

    def of(self, scores: tf.Tensor, products: tf.Tensor, variants: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns product_ids, scores, titles, variants, cluster_ids and cluster_labels, each `(batch, width)`.

        Args:
            scores: float32 `(batch, width)`; -inf for an empty column.
            products: int32 `(batch, width)`; -1 for an empty column.
            variants: int32 `(batch, width)`: products that each stands for, itself included; 0 for an empty column.
        """
        found = products >= 0
        clusters = tf.where(found, tf.gather(self._cluster_ids, tf.maximum(products, 0)), -1)
        return {
            **self.ids_of(scores, products),
            "titles": texts_at(self._titles, products),
            "variants": variants,
            "cluster_ids": clusters,
            "cluster_labels": texts_at(self._cluster_labels, clusters),
        }

    def ids_of(self, scores: tf.Tensor, products: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns product_ids and scores alone."""
        return {"product_ids": texts_at(self._product_ids, products), "scores": scores}
