"""Columns that say the same in every row."""

from collections.abc import Sequence

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.tables.contract import TABLES, TableOptions
from components.tables.sources import TableSource

# What models learn from, or segments are made of, and what differs between rows in any shop.
_TELLING = {"products": ("title", "brand", "category", "price", "rating"), "events": ("price",)}
# Of fewer rows, any column may say the same by chance.
_FEWEST_ROWS = 20
_MOST_CHARACTERS = 40


def telling_columns(table: str, options: TableOptions, sources: Sequence[TableSource]) -> tuple[str, ...]:
    """Names the columns of a table that should not say the same in every row.

    Args:
        table: The table's name.
        options: Names the extra columns.
        sources: Where the table comes from; what is a constant in all of them is meant to be one.
    """
    named = (*_TELLING.get(table, ()), *options.numeric_columns, *options.categorical_columns)
    meant = set.intersection(*(set(source.constants) for source in sources)) if sources else set()
    return tuple(name for name in dict.fromkeys(named) if name not in meant)


def note_constant_columns(
    table: str, statistics: statistics_pb2.DatasetFeatureStatistics, columns: Sequence[str]
) -> list[str]:
    """Names the columns that tell no row from another.

    Args:
        table: The table's name.
        statistics: What StatisticsGen found of its good rows.
        columns: The columns to look at.

    Returns:
        One sentence a column. A column that has one value in some rows and none in others does tell them apart.
    """
    rows = int(statistics.num_examples)
    if rows < _FEWEST_ROWS:
        return []
    features = {feature.path.step[0]: feature for feature in statistics.features}
    notes = []
    for name in columns:
        present, value = _present_and_only_value(features.get(name))
        column = f"Column `{name}` of table `{table}`"
        if value is not None and present == rows:
            notes.append(f"{column} is `{_cut(value)}` in all {rows:,} rows, so it tells no row from another.")
        elif not present and name not in TABLES[table].column_names:
            notes.append(f"{column} has no value in any of its {rows:,} rows.")
    return notes


def _present_and_only_value(feature: statistics_pb2.FeatureNameStatistics | None) -> tuple[int, str | None]:
    """Returns how many rows have a value, and the value where it is the only one."""
    if feature is not None and feature.HasField("num_stats"):
        numbers = feature.num_stats
        value = f"{numbers.min:g}" if numbers.min == numbers.max else None
        return int(numbers.common_stats.num_non_missing), value
    if feature is not None and feature.HasField("string_stats"):
        texts = feature.string_stats
        value = texts.top_values[0].value if texts.unique == 1 and texts.top_values else None
        return int(texts.common_stats.num_non_missing), value
    return 0, None


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
