"""Women's E-Commerce Clothing Reviews: title and text with a sentiment by rating."""

from pathlib import Path

from tfx_pipeline.datasets.parquet_source import read_source
from tfx_pipeline.datasets.text_table import write_texts

_FILE_NAME = "reviews.parquet"
_NEGATIVE, _POSITIVE = 2, 4


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `texts.parquet`: a rating of 1 or 2 is negative, 3 neutral, 4 or 5 positive; `department` to slice by.

    Args:
        out: Folder to write into.
        source: The Parquet file with the columns Title, Review Text, Rating and Department Name, or its folder.
        sample: Share of the reviews to keep.

    Raises:
        InputError: There is no such file, or it lacks a column.
    """
    columns = ("Title", "Review Text", "Rating", "Department Name")
    rows = read_source("clothing_reviews", source, _FILE_NAME, columns)
    titles, texts = (rows[name].fillna("").str.strip() for name in ("Title", "Review Text"))
    labels = [
        "negative" if rating <= _NEGATIVE else "positive" if rating >= _POSITIVE else "neutral"
        for rating in rows["Rating"]
    ]
    departments = rows["Department Name"].astype(object).where(rows["Department Name"].notna(), None)
    write_texts(out, (titles + " " + texts).tolist(), labels, sample, {"department": departments.tolist()})
