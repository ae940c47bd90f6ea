"""Why a product is recommended to a user: the signature `explain`; plain TensorFlow ops."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from serving.graph.answers import texts_at
from serving.graph.history import History
from serving.index.exact import ExactIndex
from serving.recommendation.item_index import ItemIndex
from serving.recommendation.ranker import Ranker
from serving.recommendation.reasons.event_shares import EventShares
from serving.recommendation.reasons.score_parts import (
    BASE,
    SALES,
    ScoreParts,
    parts_by_ranker,
    parts_by_vectors,
)
from serving.recommendation.reasons.wording import GENERAL, LINKS, EventWords, names_of

# The strongest reasons that are named; behind them stand the rest, and what any product has.
NAMED_REASONS = 10
_REST = b"all other reasons"
# What adds less is rounding.
_LEAST = 1e-5


class RecommendationReasons(tf.Module):
    """Divides a product's score among the products of the history and what is known of the product alone.

    The score is that of an answer of `serving_default`, whether the product is in it or not. Its parts are Shapley
    values (`serving.recommendation.reasons.score_parts`). A part that products of the history stand behind is divided
    among these (`event_shares`), so that each product of the history is one reason. Without a known product in the
    history, the score is the product's popularity.

    Args:
        index: The item vectors.
        ranker: Orders the candidates; None where the vectors' agreement is the score.
        popularity: Vectors of one value: the score without a history.
        product_ids: string `(products,)`.
        titles: string `(products,)`.
        event_types: Names of the event types, in the order of their numbers.
        bought_type: Number of the one that stands for a purchase.
        tower_history: Latest events that the user tower reads.
    """

    def __init__(
        self,
        index: ItemIndex,
        ranker: Ranker | None,
        *,
        popularity: ExactIndex,
        product_ids: tf.Variable,
        titles: tf.Variable,
        event_types: Sequence[str],
        bought_type: int,
        tower_history: int,
    ) -> None:
        super().__init__(name="reasons")
        self._index, self._ranker, self._popularity = index, ranker, popularity
        self._product_ids, self._titles = product_ids, titles
        self._shares = EventShares(index, ranker, tower_history)
        self._words = EventWords(event_types, bought_type)

    def explain(
        self, history: History, users: tf.Tensor, products: tf.Tensor, allowed: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Finds the reasons for one product a row.

        Args:
            history: The whole history of each user, `(batch, width)`.
            users: float32 `(batch, dimensions)` user vectors.
            products: int32 `(batch,)`; -1 has no reasons.
            allowed: bool `(batch, products)`: what the product competes with; None for everything.

        Returns:
            reasons string, attributions float32 and about_ids string, each `(batch, NAMED_REASONS + 2)`: the strongest
            first, then the rest and what any product has; "" and 0 where there are fewer. A row's attributions add up
            to the product's score, float32 `(batch,)`. `about_ids` has the product of the history, "" for a reason that
            is about none.
        """
        asked = tf.maximum(products, 0)
        parts = (
            parts_by_vectors(self._index, users, asked)
            if self._ranker is None
            else parts_by_ranker(self._ranker, history, users, asked, allowed)
        )
        cold = tf.reduce_all(history.products < 0, axis=1)
        shares = self._shares.shares(history, asked)
        behind = [name for name in parts.names if name in shares]
        # What each product of the history adds, by part: (batch, width, parts).
        by_event = tf.stack([shares[name] * parts.named(name)[:, tf.newaxis] for name in behind], axis=-1)
        general = self._general(parts, shares, cold, self._popularity.vectors_at(asked)[:, 0])
        of_products = tf.where(cold[:, tf.newaxis], 0.0, tf.reduce_sum(by_event, axis=-1))
        values = tf.concat([of_products, general.values[:, :-1]], axis=1)
        # As many columns, however short a history may be.
        values = tf.pad(values, [[0, 0], [0, NAMED_REASONS]])
        width = tf.shape(of_products)[1]
        strength, places = tf.math.top_k(tf.abs(values), NAMED_REASONS)
        named = tf.where(strength > _LEAST, tf.gather(values, places, batch_dims=1), 0.0)
        event = tf.where(places < width, places, -1)
        # The part that says most links the two products.
        at = tf.gather(by_event, tf.maximum(event, 0), batch_dims=1)
        links = tf.gather(tf.constant([LINKS[name].encode() for name in behind]), tf.argmax(tf.abs(at), axis=-1))
        about = tf.where(event >= 0, tf.gather(history.products, tf.maximum(event, 0), batch_dims=1), -1)
        said = self._words.say(history, tf.maximum(event, 0), names_of(self._titles, self._product_ids, about))
        place = tf.clip_by_value(places - width, 0, len(general.names) - 1)
        side = tf.cast(named < 0.0, tf.int32)
        phrases = tf.constant([[text.encode() for text in GENERAL[name]] for name in general.names])
        generally = tf.gather_nd(phrases, tf.stack([place, side], axis=-1))
        reasons = tf.where(event >= 0, tf.strings.join([said, links]), generally)
        rest = tf.reduce_sum(values, axis=1) - tf.reduce_sum(named, axis=1)
        last = tf.stack([tf.where(tf.abs(rest) > _LEAST, rest, 0.0), general.values[:, -1]], axis=1)
        known = (products >= 0)[:, tf.newaxis]
        attributions = tf.where(known, tf.concat([named, last], axis=1), 0.0)
        ends = tf.broadcast_to(tf.constant([_REST, GENERAL[BASE][0].encode()]), tf.shape(last))
        reasons = tf.where(attributions != 0.0, tf.concat([reasons, ends], axis=1), "")
        about = tf.pad(texts_at(self._product_ids, about), [[0, 0], [0, 2]], constant_values="")
        return {
            "reasons": reasons,
            "attributions": attributions,
            "about_ids": tf.where(attributions != 0.0, about, ""),
            "score": tf.reduce_sum(attributions, axis=1),
        }

    def _general(
        self, parts: ScoreParts, shares: Mapping[str, tf.Tensor], cold: tf.Tensor, popularity: tf.Tensor
    ) -> ScoreParts:
        """Returns what no product of the history stands behind, what any product has at last.

        Args:
            parts: Of the score.
            shares: Of the products of the history.
            cold: bool `(batch,)`; whose score is the popularity alone.
            popularity: float32 `(batch,)`.
        """
        names = tuple(dict.fromkeys((SALES, *(name for name in parts.names if name != BASE), BASE)))
        values = tf.stack(
            [
                parts.named(name) * (1.0 - tf.reduce_sum(shares[name], axis=1)) if name in shares else parts.named(name)
                for name in names
            ],
            axis=1,
        )
        alone = tf.concat([popularity[:, tf.newaxis], tf.zeros_like(values[:, 1:])], axis=1)
        return ScoreParts(names, tf.where(cold[:, tf.newaxis], alone, values))
