"""What a shop should know of values that can be read, and yet are hardly what they should be."""

import re
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.proposal import ProposedColumn

_MOST_BAD = 0.01
_SHOWN = 3
_NEGATIVE = r"^\s*-\D{0,4}\d"
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[Ee]\+\d+")


def remarks_on(columns: Mapping[str, ProposedColumn]) -> Iterator[str]:
    """Yields sentences on the values of a source.

    Args:
        columns: Its columns, by their name here.
    """
    for name, column in columns.items():
        if name.endswith("_id"):
            yield from _on_ids(column)
    if "price" in columns:
        yield from _on_prices(columns)


def _on_ids(column: ProposedColumn) -> Iterator[str]:
    texts = [value for value in column.sample.values(column.theirs) if isinstance(value, str)]
    what = f"{column.sample.label}: `{column.theirs}` has ids"
    is_secret = column.name == "user_id"  # Remarks stand in the configuration, users do not.
    scientific = next((text for text in texts if _SCIENTIFIC.fullmatch(text.strip())), None)
    if scientific is not None:
        yield (
            f"{what}{'' if is_secret else f' such as `{scientific}`'}, as Excel writes long numbers: their last digits "
            "are lost, and several become one. Export the column as text."
        )
    padded = next((text for text in texts if text != text.strip()), None)
    if padded is not None:
        yield (
            f"{what} with spaces around them{'' if is_secret else f', such as `{padded}`'}. These belong to the id, so "
            "another file without them has other ids. Export the column without them, as TRIM of SQL does."
        )


def _on_prices(columns: Mapping[str, ProposedColumn]) -> Iterator[str]:
    price, quantity, product = (columns.get(name) for name in ("price", "quantity", "product_id"))
    if price is None:
        return
    negative = _negative(price)
    if quantity is not None and quantity.sample is price.sample:
        negative = pc.and_not(negative, _negative(quantity))  # What is given back is no fault.
    share = (pc.sum(negative).as_py() or 0) / max(1, len(negative))
    if share > _MOST_BAD:
        of = ""
        if product is not None and product.sample is price.sample:
            ids = pc.unique(product.ids().filter(negative.combine_chunks()).drop_null()).to_pylist()[:_SHOWN]
            of = f", of {' and '.join(f'`{each}`' for each in ids)}"
        yield (
            f"{price.sample.label}: {share:.1%} of the rows have a `{price.theirs}` below 0{of}, and a run refuses "
            "them. Leave lines of discounts out with `leave_out`, by the column that tells them."
        )


def _negative(column: ProposedColumn) -> pa.ChunkedArray:
    texts = column.sample.rows[column.theirs].cast(pa.string())
    return pc.fill_null(pc.match_substring_regex(texts, _NEGATIVE), False)
