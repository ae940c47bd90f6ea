"""The columns of a search's answer."""

import tensorflow as tf

from serving.graph.answers import texts_at


class SearchAnswers(tf.Module):
    """Makes answers of the products that were found.

    Args:
        product_ids: string `(products,)`.
        titles: string `(products,)`.
    """

    def __init__(self, product_ids: tf.Variable, titles: tf.Variable) -> None:
        super().__init__(name="search_answers")
        self._product_ids, self._titles = product_ids, titles

    def of(
        self, scores: tf.Tensor, products: tf.Tensor, variants: tf.Tensor, groups: tuple[tf.Tensor, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns product_ids, scores, titles, variants, cluster_ids and cluster_labels, each `(batch, width)`.

        Args:
            scores: float32 `(batch, width)`; -inf for an empty column.
            products: int32 `(batch, width)`; -1 for an empty column.
            variants: int32 `(batch, width)`: products that each stands for, itself included; 0 for an empty column.
            groups: What `ResultGroups.group` returned; it may be wider.
        """
        group_ids, group_labels = (column[:, : tf.shape(products)[1]] for column in groups)
        return {
            **self.ids_of(scores, products),
            "titles": texts_at(self._titles, products),
            "variants": variants,
            "cluster_ids": group_ids,
            "cluster_labels": group_labels,
        }

    def ids_of(self, scores: tf.Tensor, products: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns product_ids and scores alone."""
        return {"product_ids": texts_at(self._product_ids, products), "scores": scores}
