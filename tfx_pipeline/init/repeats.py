"""How often the ids of a table stand in its files."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tfx_pipeline.init.sample import Sample


def rows_of_each(
    sample: Sample, column: str, left_out: Mapping[str, Sequence[str]], kept: Mapping[str, Sequence[str]]
) -> float:
    """Returns how many of the rows that count a value of a column has, in the mean.

    Args:
        sample: The file.
        column: The column.
        left_out: Values whose rows do not count, by column; `""` for rows without one.
        kept: Values whose rows alone count, by column; `""` for rows without one.
    """
    rows = sample.rows
    for name, values in left_out.items():
        if name in sample.names:
            rows = rows.filter(pc.invert(_among(rows, name, values)))
    for name, values in kept.items():
        if name in sample.names:
            rows = rows.filter(_among(rows, name, values))
    ids = rows[column].drop_null()
    return len(ids) / max(1, pc.count_distinct(ids).as_py())


def _among(rows: pa.Table, name: str, values: Sequence[str]) -> pa.ChunkedArray:
    texts = pc.utf8_trim_whitespace(pc.fill_null(rows[name].cast(pa.string()), ""))
    return pc.is_in(texts, pa.array(values, pa.string()))
