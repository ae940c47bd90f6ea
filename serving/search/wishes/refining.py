"""Queries that add to an earlier one: cheaper ones."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from serving.graph.spelling import folded
from serving.graph.words import masked
from serving.search.wishes.amounts import DIMENSIONS, PRICE
from serving.search.wishes.wish import NamedThings, Wish

# What stands for the things of before, and what says nothing of its own.
_OF_BEFORE = (
    r"\b(?:ones?|it|them|those|these|that|same|instead|else|another|anything|something)\b|便宜|贵|那个|这个|的$|换"
)
_CHEAPER = r"\b(?:cheaper|less expensive|lower priced?|more affordable|less costly)\b|便宜(?:一?点|些)?"
_DEARER = r"\b(?:more expensive|pricier|dearer|higher priced?|fancier|more premium)\b|(?:更|再)贵|贵(?:一?点|些)"
_SAYS_NOTHING = (
    rf"{_CHEAPER}|{_DEARER}|{_OF_BEFORE}|"
    r"\b(?:show|me|please|but|and|with|only|just|the|a|an|in|for|any|are|is|there|do|you|have|i|want|need|like|make|some|what|about|how|now|"
    r"give|get|see|can|could|would|maybe|of|to|much|bit|little|even|lot)\b|有没有|更|再|一?点|些|要|请|吗|呢|了|[?!.,]"
)


class Refinement(NamedTuple):
    """Queries with what they add to.

    Attributes:
        wish: What both together ask.
        joins: bool `(batch,)`: whether a query adds to the earlier one, and is not taken by itself.
        cheaper: bool `(batch,)`: whether a query asks for something cheaper than before.
        dearer: bool `(batch,)`: or for something more expensive.
    """

    wish: Wish
    joins: tf.Tensor
    cheaper: tf.Tensor
    dearer: tf.Tensor


def refined(wish: Wish, earlier: Wish) -> Refinement:
    """Joins queries with earlier ones, where they speak of them or are nothing but limits.

    A query that asks for something of its own is taken by itself. Limits of the price and of the brand that it has take
    the places of the earlier ones, and other limits are added.

    Args:
        wish: The queries.
        earlier: What was asked before; an empty text for nothing.
    """
    rest = folded(wish.rest)
    said = tf.strings.strip(tf.strings.regex_replace(tf.strings.regex_replace(rest, _SAYS_NOTHING, " "), " +", " "))
    speaks_of_it = tf.strings.regex_full_match(rest, f".*(?:{_OF_BEFORE}).*")
    joins = (tf.strings.strip(earlier.text) != "") & ((said == "") | speaks_of_it)
    own_price = tf.reduce_any(tf.stack([wish.low[:, PRICE] > -np.inf, wish.high[:, PRICE] < np.inf]), axis=0)
    # An own limit stands for the earlier one of its kind.
    is_price = tf.one_hot(PRICE, DIMENSIONS, on_value=True, off_value=False)
    replaced = own_price[:, tf.newaxis] & is_price
    low = tf.maximum(wish.low, tf.where(replaced, -np.inf, earlier.low))
    high = tf.minimum(wish.high, tf.where(replaced, np.inf, earlier.high))
    before = tf.where(
        own_price, tf.strings.regex_replace(earlier.understood, "(?:; )?price [^;]*", ""), earlier.understood
    )
    before = tf.where(wish.brand >= 0, tf.strings.regex_replace(before, "(?:; )?brand: [^;]*", ""), before)
    understood = tf.strings.regex_replace(
        tf.strings.join([before, wish.understood], separator="; "), "^(?:; )+|(?:; )+$", ""
    )
    text = tf.where(said == "", earlier.text, tf.strings.join([earlier.text, said], separator=" "))
    joined = joins[:, tf.newaxis]
    kept = masked(tf.gather(joins, earlier.things.rows), *earlier.things)
    things = NamedThings(*(tf.concat([own, old], 0) for own, old in zip(wish.things, kept, strict=True)))
    return Refinement(
        Wish(
            tf.where(joins, text, wish.text),
            tf.where(joins, text, wish.rest),
            tf.where(joins, understood, wish.understood),
            tf.where(joined, low, wish.low),
            tf.where(joined, high, wish.high),
            tf.where(joins & (wish.brand < 0), earlier.brand, wish.brand),
            things,
        ),
        joins,
        joins & tf.strings.regex_full_match(rest, f".*(?:{_CHEAPER}).*"),
        joins & tf.strings.regex_full_match(rest, f".*(?:{_DEARER}).*"),
    )


def beside(refinement: Refinement, prices: tf.Tensor) -> Wish:
    """Returns wishes for what is cheaper, or more expensive, than half of what answered before.

    Args:
        refinement: The queries.
        prices: float32 `(batch, products)` of what answered the earlier queries; NaN for none or unknown.
    """
    wish = refinement.wish
    known = tf.math.is_finite(prices)
    counts = tf.reduce_sum(tf.cast(known, tf.int32), axis=1)
    ordered = tf.sort(tf.where(known, prices, np.inf), axis=1)
    middle = tf.gather(ordered, tf.maximum((counts - 1) // 2, 0), batch_dims=1)
    cheaper, dearer = refinement.cheaper & (counts > 0), refinement.dearer & (counts > 0)
    bound = tf.one_hot(PRICE, DIMENSIONS, on_value=True, off_value=False)
    # The price itself is out.
    below, above = tf.where(cheaper, middle * (1.0 - 1e-6), np.inf), tf.where(dearer, middle * (1.0 + 1e-6), -np.inf)
    said = tf.strings.join(
        [tf.where(cheaper, "price below ", "price above "), tf.strings.as_string(middle, precision=2)]
    )
    said = tf.where(cheaper | dearer, said, "")
    understood = tf.strings.regex_replace(
        tf.strings.join([wish.understood, said], separator="; "), "^(?:; )+|(?:; )+$", ""
    )
    return wish._replace(
        understood=understood,
        low=tf.where(bound, tf.maximum(wish.low, above[:, tf.newaxis]), wish.low),
        high=tf.where(bound, tf.minimum(wish.high, below[:, tf.newaxis]), wish.high),
    )
