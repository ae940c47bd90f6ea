"""Reasons in words; plain TensorFlow ops."""

from collections.abc import Sequence

import tensorflow as tf

from serving.graph.answers import texts_at
from serving.graph.history import History
from serving.graph.time_units import DAY_SECONDS
from serving.recommendation.reasons.event_shares import same_products
from serving.recommendation.reasons.score_parts import (
    ADJUSTMENT,
    BASE,
    BRAND,
    KIND,
    LINEAR,
    NEIGHBOURS,
    PRICE,
    PRODUCT,
    RECENT,
    RULES,
    SALES,
    SEASON,
    USER,
)

# What is said of an event type of a usual name; of another: "NAME of TITLE".
_VERBS = {"view": "looked at ", "cart": "put into the cart: ", "click": "looked at "}
_BOUGHT = "bought "

# What links a product of the history with the explained one, by the part that says most.
LINKS = {
    PRODUCT: "",
    KIND: " (of the same category)",
    BRAND: " (of the same brand)",
    NEIGHBOURS: " (often had by the same people)",
    LINEAR: " (goes with it over time)",
    RECENT: " (like it, and of late)",
    RULES: " (often bought together)",
}

# What is said of a part that no event stands behind: where it speaks for the product, and where against.
GENERAL = {
    PRODUCT: ("a habit", "no habit"),
    KIND: ("fits the categories bought", "of another category than what is bought"),
    BRAND: ("fits the brands bought", "of another brand than what is bought"),
    NEIGHBOURS: ("had by people of the same taste", "not had by people of the same taste"),
    LINEAR: ("goes with the whole history", "does not go with the whole history"),
    RECENT: ("goes with what came last", "does not go with what came last"),
    RULES: ("often bought together with the history", "not bought together with the history"),
    USER: ("how much is bought at all", "how much is bought at all"),
    SALES: ("sells well", "sells little"),
    SEASON: ("sells more at this time", "sells less at this time"),
    PRICE: ("its price is like what is paid", "its price is unlike what is paid"),
    ADJUSTMENT: ("less popular, or of another kind", "bought by everybody, or better ones of its kind come first"),
    BASE: ("what any product has", "what any product has"),
}

# What the parts of all scores are called, where no product is spoken of.
PARTS = {
    PRODUCT: "what the user did with the product itself",
    KIND: "what the user has of its category",
    BRAND: "what the user has of its brand",
    NEIGHBOURS: "what people of the same taste have",
    LINEAR: "what goes with the whole history",
    RECENT: "what goes with the latest events",
    RULES: "what is bought together, by rules",
    USER: "how much the user does at all",
    SALES: "how well it sells",
    SEASON: "how it sells at this time of the year",
    PRICE: "its price beside what the user pays",
}


class EventWords(tf.Module):
    """Says what a user did with a product and when, such as "bought Pasta Sauce 4 times, last 9 days ago".

    Args:
        event_types: Names of the event types, in the order of their numbers.
        bought_type: Number of the one that stands for a purchase; a product that was bought is told by its purchases,
            and another by all its events, under the type of the latest.
    """

    def __init__(self, event_types: Sequence[str], bought_type: int) -> None:
        super().__init__(name="event_words")
        self._bought_type = bought_type
        verbs = [_VERBS.get(name, f"{name} of ") for name in event_types]
        verbs[bought_type] = _BOUGHT
        self._verbs = tf.constant([verb.encode() for verb in verbs])

    def say(self, history: History, places: tf.Tensor, names: tf.Tensor) -> tf.Tensor:
        """Words the events of some products.

        Args:
            history: The whole history of each user, `(batch, width)`.
            places: int32 `(batch, n)`, at least 0: an event of each product.
            names: string `(batch, n)`; what each product is called.

        Returns:
            string `(batch, n)`. Where no event of a row has an age, nothing is said of when.
        """
        same = tf.gather(same_products(history), places, batch_dims=1)
        purchases = same & (history.types == self._bought_type)[:, tf.newaxis, :]
        told = tf.where(tf.reduce_any(purchases, axis=-1, keepdims=True), purchases, same)
        times = tf.reduce_sum(tf.cast(told, tf.int32), axis=-1)
        ages = tf.where(told, history.age_seconds[:, tf.newaxis, :], tf.float32.max)
        # Of events of one age, the last of the list is the latest.
        width = tf.shape(ages)[-1]
        latest = width - 1 - tf.argmin(tf.reverse(ages, [2]), axis=-1, output_type=tf.int32)
        verbs = tf.gather(self._verbs, tf.gather(history.types, latest, batch_dims=1))
        days = tf.cast(tf.reduce_min(ages, axis=-1) / DAY_SECONDS, tf.int32)
        when = tf.where(
            days < 1,
            "today",
            tf.where(days == 1, "yesterday", tf.strings.join([tf.strings.as_string(days), " days ago"])),
        )
        aged = tf.reduce_any(history.age_seconds > 0.0, axis=1)[:, tf.newaxis]
        often = tf.where(times > 1, tf.strings.join([" ", tf.strings.as_string(times), " times"]), "")
        last = tf.where(aged, tf.strings.join([tf.where(times > 1, ", last ", ", "), when]), "")
        return tf.strings.join([verbs, names, often, last])


def names_of(titles: tf.Tensor, product_ids: tf.Tensor, products: tf.Tensor) -> tf.Tensor:
    """Returns what products are called, string of their shape: by title, or by id where there is none."""
    found = texts_at(titles, products)
    return tf.where(found == "", texts_at(product_ids, products), found)
