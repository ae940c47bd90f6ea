"""Names of raw and transformed features, and the one function that composes a product's text."""

from collections.abc import Mapping, Sequence
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from serving.graph.catalogue import CATEGORY_SEPARATOR
from trainer.options import TextField

PRODUCT_ID = "product_id"
PRICE = "price"
RATING = "rating"
CATEGORY = "category"
BRAND = "brand"

# A transformed number ends in `_xf`, an index into a vocabulary in `_index`; readers go by the ending, so an
# extra column of the config needs no further mention.
NUMBER_SUFFIX = "_xf"
INDEX_SUFFIX = "_index"
CATEGORY_TOP = "category_top"

FIELD_SEPARATOR = ". "


def transformed_name(column: str) -> str:
    """Returns the name of a number column after Transform, such as `price_xf`."""
    return column + NUMBER_SUFFIX


def index_name(column: str) -> str:
    """Returns the name of a category column after Transform, such as `brand_index`."""
    return column + INDEX_SUFFIX


def product_text(values: Mapping[str, str], fields: Sequence[str]) -> str:
    """Composes the text that stands for a product in the backbone.

    Fields come in the order of `fields`; empty ones are left out; category levels follow each other without
    their separator, which the backbone would spend a token on.

    Args:
        values: Columns of one product; an absent one is empty.
        fields: Columns to use, in this order.

    Raises:
        ValueError: `fields` names an unknown field.

    Example:
        >>> product_text({"title": "Rye bread", "category": "food > bread"}, ("title", "brand", "category"))
        'Rye bread. food bread'
    """
    _check_fields(fields)
    spaced = {**values, CATEGORY: values.get(CATEGORY, "").replace(CATEGORY_SEPARATOR, " ")}
    stripped = (spaced.get(field, "").strip() for field in fields)
    return FIELD_SEPARATOR.join(value for value in stripped if value)


def product_texts(table: pa.Table, fields: Sequence[str]) -> list[str]:
    """Composes each product's text as `product_text` does, over the columns of a table.

    Args:
        table: Columns that `fields` may name, of strings, of bytes, or of lists of which the first value counts; an
            absent column or value is empty.
        fields: Columns to use, in this order.

    Returns:
        One text a row.

    Raises:
        ValueError: `fields` names an unknown field, or a value is not UTF-8.
    """
    _check_fields(fields)
    texts = pa.array([""] * table.num_rows, pa.string())
    for field in fields:
        if field not in table.column_names:
            continue
        values = _first_strings(table.column(field), field)
        if field == CATEGORY:
            values = pc.replace_substring(values, CATEGORY_SEPARATOR, " ")
        values = _strip(values)
        both = pc.and_(pc.not_equal(texts, ""), pc.not_equal(values, ""))
        separator = pc.if_else(both, FIELD_SEPARATOR, "")
        # Joined step by step: Arrow's join that skips nulls drops the rows that hold nothing else.
        texts = pc.binary_join_element_wise(texts, values, separator)
    composed: list[str] = texts.to_pylist()
    return composed


def _strip(values: pa.Array) -> pa.Array:
    """Strips as `str.strip` does, whose idea of white space is wider than Arrow's."""
    return pa.array([value.strip() for value in values.to_pylist()], pa.string())


def _check_fields(fields: Sequence[str]) -> None:
    known = get_args(TextField)
    unknown = [field for field in fields if field not in known]
    if unknown:
        raise ValueError(f"`fields` should name some of {list(known)}. Received {unknown}.")


def _first_strings(column: pa.ChunkedArray, name: str) -> pa.Array:
    values = column.combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        # list_element fails on an empty list; a missing value may be one.
        lengths = pc.fill_null(pc.list_value_length(values), 0)
        indices = pc.if_else(pc.greater(lengths, 0), values.offsets[:-1], pa.scalar(None, values.offsets.type))
        values = values.values.take(indices)
    try:
        return pc.fill_null(values.cast(pa.string()), "")
    except pa.ArrowInvalid as error:
        raise ValueError(f"Column `{name}` should hold UTF-8 text. Received other bytes: {error}.") from error
