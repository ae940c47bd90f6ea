"""Finding the best things: so many texts of each side are looked at that enough things pass."""

from collections.abc import Callable

import tensorflow as tf

from serving.search.ranking import CANDIDATES, Fusion, RankedTexts, Ranking
from serving.search.reading import ReadQuery
from serving.search.things import Found, PassingProducts, Things


def find(
    ranking: Ranking,
    query: ReadQuery,
    k: tf.Tensor,
    things: Things,
    passing: PassingProducts,
    fusion: Fusion | None = None,
    grouped: int = 0,
) -> Found:
    """Finds the `k` best things of each query, or all that pass where there are fewer.

    After those come the next best, up to `grouped` in all where as many come along.

    Args:
        ranking: Ranks texts.
        query: What queries ask for.
        k: int32 scalar.
        things: What is found.
        passing: Which products may be.
        fusion: Weights of both sides; None for those of the ranking.
        grouped: See above.
    """
    query = query._replace(named=query.named._replace(products=things.only_passing(query.named.products, passing)))
    return find_ranked(
        lambda looked_at: ranking.rank(query, looked_at, passing.texts.mask, fusion), k, things, passing, grouped
    )


def find_ranked(
    rank: Callable[[tf.Tensor], RankedTexts], k: tf.Tensor, things: Things, passing: PassingProducts, grouped: int
) -> Found:
    """Finds the best things of what `rank` says of so many texts of each side; else as `find`."""
    needed = tf.clip_by_value(k, 1, things.size)
    width = tf.clip_by_value(tf.maximum(k, grouped), 1, things.size)

    def among(looked_at: tf.Tensor) -> tuple[Found, tf.Tensor]:
        """Returns what so many texts of each side hold, and whether a row may need more texts for that."""
        ranked = rank(looked_at)
        found = things.best(ranked, passing, looked_at, width)
        return found, tf.reduce_any((found.products[:, needed - 1] < 0) & ~ranked.complete)

    found, too_few = among(tf.maximum(width, CANDIDATES))
    if not things.one_entry_each:
        found = Found(*tf.cond(too_few, lambda: among(things.enough(needed))[0], lambda: found))
    return found.cut(tf.maximum(k, grouped))
