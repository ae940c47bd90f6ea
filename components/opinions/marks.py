"""Reviews with what is odd about them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from components.opinions.bursts import FindBursts, product_day
from components.opinions.copies import FindCopies
from components.opinions.reviews import Review

COPY, BURST, REPEATED = "copy", "burst", "repeated"


class MarkedReview(NamedTuple):
    """A review and its marks.

    Attributes:
        review: The review.
        rows: How many rows of the table say the very same.
        copied: Key of the earlier review that it copies; empty for none.
        burst: Whether it came on a day of a burst.
    """

    review: Review
    rows: int
    copied: bytes = b""
    burst: bool = False


class MarkReviews(beam.PTransform):
    """Reviews to each of them once, with its marks."""

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[MarkedReview]:
        """Adds the marking to a pipeline."""
        once = (
            reviews
            | "ByKey" >> beam.Map(lambda review: (review.key, (review, 1))).with_output_types(tuple[bytes, Any])
            | "CountRows" >> beam.CombinePerKey(_once)
        )
        distinct = once | "KeepReviews" >> beam.Map(lambda each: each[1][0]).with_output_types(Review)
        copied = (
            {"review": once, "copied": distinct | "FindCopies" >> FindCopies()}
            | "JoinCopies" >> beam.CoGroupByKey()
            | "MarkCopies" >> beam.FlatMap(_with_copied).with_output_types(tuple[tuple[str, int], Any])
        )
        return (
            {"reviews": copied, "burst": distinct | "FindBursts" >> FindBursts()}
            | "JoinBursts" >> beam.CoGroupByKey()
            | "MarkBursts" >> beam.FlatMap(_with_burst)
        )


class WhatIsCopied(beam.PTransform):
    """Marked reviews to rows of the table of marks: those that have one, each copy with the review that it copies."""

    def expand(self, marked: beam.PCollection[MarkedReview]) -> beam.PCollection[dict[str, Any]]:
        """Adds the join to a pipeline."""
        copies = (
            marked
            | "KeepCopies" >> beam.Filter(lambda each: bool(each.copied))
            | "ByCopied" >> beam.Map(lambda each: (each.copied, each))
        )
        others = marked | "ByOwnKey" >> beam.Map(lambda each: (each.review.key, each.review))
        copied = (
            {"copies": copies, "review": others}
            | "JoinCopied" >> beam.CoGroupByKey()
            | "CopyRows" >> beam.FlatMap(_copy_rows)
        )
        rest = marked | "OtherRows" >> beam.FlatMap(_other_rows)
        return (copied, rest) | "AllRows" >> beam.Flatten()


def _once(rows: Iterable[tuple[Review, int]]) -> tuple[Review, int] | None:
    review, count = None, 0
    for review, rows_of_it in rows:  # noqa: B007  All of them say the same.
        count += rows_of_it
    return None if review is None else (review, count)


def _with_copied(element: tuple[bytes, Mapping[str, Iterable[Any]]]) -> Iterator[tuple[tuple[str, int], MarkedReview]]:
    copied = next(iter(element[1]["copied"]), b"")
    for review, rows in element[1]["review"]:
        yield product_day(review), MarkedReview(review, rows, copied)


def _with_burst(element: tuple[Any, Mapping[str, Iterable[Any]]]) -> Iterator[MarkedReview]:
    burst = any(element[1]["burst"])
    for marked in element[1]["reviews"]:
        yield MarkedReview(Review(*marked[0]), marked[1], marked[2], burst)


def _copy_rows(element: tuple[bytes, Mapping[str, Iterable[Any]]]) -> Iterator[dict[str, Any]]:
    for original in element[1]["review"]:
        for copy in element[1]["copies"]:
            yield _row(COPY, copy.review, copy.rows, original)


def _other_rows(marked: MarkedReview) -> Iterator[dict[str, Any]]:
    if marked.burst:
        yield _row(BURST, marked.review, marked.rows)
    if marked.rows > 1:
        yield _row(REPEATED, marked.review, marked.rows)


def _row(mark: str, review: Review, rows: int, copied: Review | None = None) -> dict[str, Any]:
    return {
        "mark": mark,
        "product_id": review.product_id,
        "timestamp": review.at,
        "text": review.text,
        "rows": rows,
        "copied_product_id": copied.product_id if copied else None,
        "copied_timestamp": copied.at if copied else None,
        "copied_text": copied.text if copied else None,
    }
