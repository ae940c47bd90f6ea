"""What came with the events of a history: searches, how long somebody looked, ratings; read and told in the graph."""

from typing import NamedTuple

import tensorflow as tf

from serving.graph.answers import texts_at
from serving.graph.history import History

# Columns of the events table; a tf.Example has each as `history_COLUMN`, one value an event.
QUERY, DWELL, VALUE = "query", "dwell_seconds", "value"
SIGNAL_COLUMNS = (QUERY, DWELL, VALUE)
_LIKED, _DISLIKED = 4.0, 3.0
_MINUTE_SECONDS = 60


class Signals(NamedTuple):
    """What came with each event of a history, at the same places.

    Attributes:
        queries: string `(batch, width)`; what was searched for, "" for nothing.
        dwell_seconds: float32 `(batch, width)`; 0 where it is not known.
        values: float32 `(batch, width)`; a rating from 1 to 5, 0 for none.
    """

    queries: tf.Tensor
    dwell_seconds: tf.Tensor
    values: tf.Tensor


def signal_feature(column: str) -> str:
    """Returns the feature of a tf.Example that holds a column."""
    return f"history_{column}"


def read_signals(serialized: tf.Tensor, history: History) -> Signals:
    """Reads what came with the events of serialized tf.Examples.

    Args:
        serialized: string `(batch,)`; features `history_query` (bytes list), `history_dwell_seconds` and
            `history_value` (float lists), each of any length. They belong to the ids at the same places; missing ones
            say nothing.
        history: The events, as `HistoryReader.read_examples` reads them; what is no event says nothing either.
    """
    kinds = {QUERY: tf.string, DWELL: tf.float32, VALUE: tf.float32}
    parsed = tf.io.parse_example(
        serialized, {signal_feature(column): tf.io.RaggedFeature(kind) for column, kind in kinds.items()}
    )
    shape = tf.shape(history.products, out_type=tf.int64)
    known = history.products >= 0
    found = []
    for column, kind in kinds.items():
        values = parsed[signal_feature(column)].to_tensor(shape=shape)
        said = (values != "") if kind == tf.string else tf.math.is_finite(values) & (values > 0.0)
        found.append(tf.where(known & said, values, tf.zeros([], kind)))
    return Signals(*found)


def signal_clauses(history: History, signals: Signals, titles: tf.Variable) -> tf.Tensor:
    """Says what came with events, as `searched red tea; looked 40 seconds each; rated 4.2 of 5; liked Cola`.

    The latest two different searches, the mean of the known times, the mean rating, and the latest products with a
    rating of 4 or more and of less than 3.

    Args:
        history: The events, `(batch, width)`.
        signals: What came with them.
        titles: string `(products,)`.

    Returns:
        string `(batch, 6)`, a clause each, "" where there is nothing to say.
    """
    queries, values = signals.queries, signals.values
    latest = _latest(queries != "", queries)
    before = _latest((queries != "") & (queries != latest[:, tf.newaxis]), queries)
    dwell = tf.cast(tf.round(_mean(signals.dwell_seconds)), tf.int32)
    looked = tf.where(
        dwell < _MINUTE_SECONDS,
        tf.strings.join([tf.as_string(dwell), " seconds"]),
        tf.strings.join([tf.as_string(dwell // _MINUTE_SECONDS), " minutes"]),
    )
    rating = _mean(values)
    names = texts_at(titles, history.products)
    clauses = [
        _said("searched ", before),
        _said("searched ", latest),
        tf.where(dwell > 0, tf.strings.join(["looked ", looked, " each"]), ""),
        tf.where(rating > 0.0, tf.strings.join(["rated ", tf.as_string(rating, precision=1), " of 5"]), ""),
        _said("liked ", _latest(values >= _LIKED, names)),
        _said("disliked ", _latest((values > 0.0) & (values < _DISLIKED), names)),
    ]
    return tf.stack(clauses, axis=1)


def _latest(chosen: tf.Tensor, texts: tf.Tensor) -> tf.Tensor:
    """Returns the text at the last chosen place of each row, "" where none is."""
    place = tf.reduce_max(tf.where(chosen, tf.range(tf.shape(chosen)[1])[tf.newaxis, :], -1), axis=1)
    found = tf.gather(texts, tf.maximum(place, 0), batch_dims=1)
    return tf.where(place >= 0, found, "")


def _mean(values: tf.Tensor) -> tf.Tensor:
    """Returns the mean of what is above 0 in each row, 0 where nothing is."""
    return tf.math.divide_no_nan(
        tf.reduce_sum(values, axis=1), tf.reduce_sum(tf.cast(values > 0.0, tf.float32), axis=1)
    )


def _said(what: str, text: tf.Tensor) -> tf.Tensor:
    return tf.where(text != "", tf.strings.join([what, text]), "")
