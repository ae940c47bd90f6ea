"""Fills fields of products as one Beam pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from components.enriching.believing import Believe, tuple_sums
from components.enriching.candidates import Candidate, FindCandidates
from components.enriching.rules import bin_of
from components.enriching.signs import Sign
from components.tables.read_back import ReadTable, stripped_rows
from trainer.artifacts.names import PARQUET_SUFFIX

FILLED, JUDGED = "filled", "judged"
FILLED_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("confidence", pa.float64()),
        ("evidence", pa.string()),
        ("products_with_it", pa.int64()),
        ("of_them_with_the_value", pa.int64()),
    ]
)
JUDGED_SCHEMA = pa.schema(
    [
        ("field", pa.string()),
        ("known", pa.int64()),
        ("dared", pa.int64()),
        ("right", pa.int64()),
        ("missing", pa.int64()),
        ("filled", pa.int64()),
    ]
)
_TEXTS = ("title", "description")


def fill_fields(
    products: Sequence[str], fields: Sequence[str], least_right: float, folder: str, beam_args: Sequence[str]
) -> None:
    """Writes `filled` and `judged` as Parquet files: what is filled, and how that does where the value is known.

    A sign (`signs.py`) speaks for the value that most products with it have. Each known product is judged by the others
    (leave-one-out), which says how far each kind of sign is to be believed; a value is filled only if all of its
    confidence or above are right often enough there. Work is spread by sign and product; a worker holds one product's
    candidates, and the values of one sign are streamed.

    Args:
        products: Parquet files of the table artifact `products`.
        fields: Columns to fill.
        least_right: Share of the filled values that has to be right, by the lower end of its 95% interval.
        folder: Where the files go.
        beam_args: Arguments of Beam.
    """
    columns = [*dict.fromkeys(("product_id", *_TEXTS, *fields))]
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        rows = (
            pipeline
            | "ReadProducts" >> ReadTable(products, columns)
            | "SplitProducts" >> beam.FlatMap(stripped_rows)
            | "SpreadProducts" >> beam.Reshuffle()
        )
        best = rows | "FindCandidates" >> FindCandidates(fields)
        chosen, limit_of_field = best | "Believe" >> Believe(least_right)
        limits = beam.pvalue.AsDict(limit_of_field)
        filled = (
            {
                "chosen": chosen | "KeepMissing" >> beam.FlatMap(_missing, limits),
                "title": rows | "TakeTitles" >> beam.Map(_titled),
            }
            | "JoinTitles" >> beam.CoGroupByKey()
            | "FilledRows" >> beam.FlatMap(_filled_rows)
        )
        asked = rows | "AllFields" >> beam.FlatMap(_asked, fields)
        dared = chosen | "Dared" >> beam.FlatMap(_dared, limits)
        judged = (
            (asked, dared)
            | "AllCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombinePerKey(tuple_sums)
            | "JudgedRows" >> beam.Map(_judged_row)
        )
        for name, found, schema in ((FILLED, filled, FILLED_SCHEMA), (JUDGED, judged, JUDGED_SCHEMA)):
            _ = (
                found
                | f"Batch_{name}" >> beam.BatchElements(min_batch_size=1000, max_batch_size=10_000)
                | f"ToArrow_{name}" >> beam.Map(_to_arrow, schema).with_output_types(pa.Table)
                | f"Write_{name}"
                >> beam.io.WriteToParquetBatched(f"{folder}/{name}", schema, file_name_suffix=PARQUET_SUFFIX)
            )


def _is_dared(field: str, candidate: Candidate, limits: Mapping[str, int]) -> bool:
    return field in limits and bin_of(candidate.score) >= limits[field]


def _missing(
    each: tuple[tuple[str, str], Candidate], limits: Mapping[str, int]
) -> Iterator[tuple[str, tuple[str, Candidate]]]:
    (field, product), candidate = each
    if not candidate.known and _is_dared(field, candidate, limits):
        yield product, (field, candidate)


def _titled(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["product_id"], row.get("title", "")


def _filled_rows(element: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[dict[str, Any]]:
    product, sides = element
    title = next(iter(sides["title"]), "")
    for field, given in sides["chosen"]:
        candidate = Candidate(*given)
        yield {
            "product_id": product,
            "title": title,
            "field": field,
            "value": candidate.value,
            "confidence": candidate.score,
            "evidence": Sign(candidate.kind, candidate.words).evidence,
            "products_with_it": candidate.total,
            "of_them_with_the_value": candidate.having,
        }


def _asked(row: Mapping[str, Any], fields: Sequence[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for field in fields:
        known = bool(row.get(field))
        yield field, (int(known), 0, 0, int(not known), 0)


def _dared(each: tuple[tuple[str, str], Candidate], limits: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    (field, _), candidate = each
    if _is_dared(field, candidate, limits):
        known = bool(candidate.known)
        yield field, (0, int(known), int(known and candidate.value == candidate.known), 0, int(not known))


def _judged_row(each: tuple[str, tuple[int, ...]]) -> dict[str, Any]:
    return {"field": each[0], **dict(zip(JUDGED_SCHEMA.names[1:], each[1], strict=True))}


def _to_arrow(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)
