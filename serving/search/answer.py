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

    def of(self, scores: tf.Tensor, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns product_ids, scores, titles, cluster_ids and cluster_labels, each `(batch, width)`.

        Args:
            scores: float32 `(batch, width)`; -inf for an empty column.
            indices: int32 `(batch, width)` product indices; -1 for an empty column.
        """
        found = indices >= 0
        clusters = tf.where(found, tf.gather(self._cluster_ids, tf.maximum(indices, 0)), -1)
        return {
            "product_ids": texts_at(self._product_ids, indices),
            "scores": scores,
            "titles": texts_at(self._titles, indices),
            "cluster_ids": clusters,
            "cluster_labels": texts_at(self._cluster_labels, clusters),
        }
