"""What TensorFlow Transform makes of the products table."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.text import product_texts as features

# A value seen in fewer products than this says nothing about its kind and becomes unknown.
MINIMUM_FREQUENCY = 2
MAXIMUM_VOCABULARY = 20_000


def preprocessing_fn(inputs: Mapping[str, Any], custom_config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Scales the numbers and indexes the categories of the products.

    Numbers are standardised to mean 0 and deviation 1 (the price after log1p); a missing one gets the mean,
    which is 0. Categories become indices into a vocabulary, 0 for a missing value, an unknown one, and one
    seen once only. Vocabularies are text files, so a value with a line break counts as unknown.

    Args:
        inputs: Raw columns by name, each a sparse, ragged or dense tensor of at most one value a row.
        custom_config: `number_columns` and `category_columns`: names of extra columns to transform.

    Returns:
        `product_id` string `(batch,)`; for each number `<name>_xf` float32 `(batch,)`; for each category
        `<name>_index` int64 `(batch,)`. Columns that `inputs` lacks are left out.
    """
    config = custom_config or {}
    outputs: dict[str, Any] = {features.PRODUCT_ID: _first_value(inputs[features.PRODUCT_ID], b"")}
    for column in (features.PRICE, features.RATING, *_names(config, "number_columns")):
        if column in inputs:
            outputs[features.transformed_name(column)] = _standardise(inputs[column], column == features.PRICE)
    if features.CATEGORY in inputs:
        levels = _first_value(inputs[features.CATEGORY], b"")
        top = tf.strings.regex_replace(levels, r"(?s)\s>\s.*", "")
        outputs[features.index_name(features.CATEGORY_TOP)] = _vocabulary_index(top, features.CATEGORY_TOP)
        outputs[features.index_name(features.CATEGORY)] = _vocabulary_index(levels, features.CATEGORY)
    for column in (features.BRAND, *_names(config, "category_columns")):
        if column in inputs:
            values = _first_value(inputs[column], b"")
            outputs[features.index_name(column)] = _vocabulary_index(values, column)
    return outputs


def _names(config: Mapping[str, Any], key: str) -> Sequence[str]:
    return tuple(config.get(key) or ())


def _first_value(column: Any, default: Any) -> Any:
    """Makes a column `(batch,)`; rows without a value get `default`."""
    if isinstance(column, tf.RaggedTensor):
        column = column.to_sparse()
    if isinstance(column, tf.SparseTensor):
        fill = tf.constant(default, column.dtype)
        width = tf.maximum(column.dense_shape[1], 1)
        shape = tf.stack([column.dense_shape[0], width])
        dense = tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), default_value=fill)
        return dense[:, 0]
    return tf.reshape(column, [tf.shape(column)[0], -1])[:, 0]


def _standardise(column: Any, logarithm: bool) -> Any:
    if isinstance(column, (tf.SparseTensor, tf.RaggedTensor)) and column.dtype.is_integer:
        column = tf.cast(column, tf.float32)
    values = tf.cast(_first_value(column, float("nan")), tf.float32)
    # TFT's analyzers leave NaN out, so the mean and the deviation are those of the values that are there.
    values = tf.where(tf.math.is_finite(values), values, float("nan"))
    if logarithm:
        values = tf.math.log1p(tf.maximum(values, 0.0))
    scaled = tft.scale_to_z_score(values)
    return tf.where(tf.math.is_finite(scaled), scaled, tf.zeros_like(scaled))


def _vocabulary_index(values: Any, name: str) -> Any:
    index = tft.compute_and_apply_vocabulary(
        values,
        default_value=-1,
        top_k=MAXIMUM_VOCABULARY,
        frequency_threshold=MINIMUM_FREQUENCY,
        vocab_filename=name,
    )
    return index + 1
