"""How far the signs are to be believed, by the products whose values are known."""

from collections.abc import Iterable, Mapping
from typing import Any

import apache_beam as beam

from components.enriching.candidates import Candidate
from components.enriching.rules import Histogram, bin_of, confidences, least_bin


class Believe(beam.PTransform):
    """Candidates to the most probable one of each field and product, scored by its confidence, and each field's limit.

    Args:
        least_right: See `fill_fields`.
    """

    def __init__(self, least_right: float) -> None:
        super().__init__()
        self._least_right = least_right

    def expand(self, best: beam.PCollection[tuple[tuple[str, str], Candidate]]) -> Any:
        """Adds the choice to a pipeline."""
        kinds = best | "JudgeKinds" >> _Histograms(lambda field, candidate: (field, candidate.kind))
        view = beam.pvalue.AsDict(kinds | "Confidences" >> beam.Map(_with_confidences))
        chosen = (
            best
            | "Confide" >> beam.Map(_confided, view).with_output_types(tuple[tuple[str, str], Any])
            | "KeepMostProbable" >> beam.CombinePerKey(max)
            | "AsCandidates" >> beam.Map(lambda each: (each[0], Candidate(*each[1])))
        )
        fields = chosen | "JudgeFields" >> _Histograms(lambda field, _: (field, ""))
        return chosen, fields | "Limits" >> beam.Map(_with_limit, self._least_right)


class _Histograms(beam.PTransform):
    """Candidates to pairs of a key and how often candidates of known products are right, by bin of their score."""

    def __init__(self, key: Any) -> None:
        super().__init__()
        self._key = key

    def expand(
        self, candidates: beam.PCollection[tuple[tuple[str, str], Candidate]]
    ) -> beam.PCollection[tuple[tuple[str, str], Histogram]]:
        return (
            candidates
            | "KeepKnown" >> beam.Filter(lambda each: bool(each[1].known))
            | "ToBins" >> beam.Map(_binned, self._key).with_output_types(tuple[tuple[str, str, int], Any])
            | "CountBins" >> beam.CombinePerKey(tuple_sums)
            | "ByKey"
            >> beam.Map(lambda each: (each[0][:2], (each[0][2], each[1]))).with_output_types(
                tuple[tuple[str, str], Any]
            )
            | "GatherBins" >> beam.GroupByKey()
            | "ToHistogram" >> beam.Map(_histogram)
        )


def tuple_sums(rows: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Returns the sums of tuples of equal length, place by place."""
    totals: list[int] = []
    for row in rows:
        totals = [a + b for a, b in zip(totals, row, strict=True)] if totals else list(row)
    return tuple(totals)


def _binned(each: tuple[tuple[str, str], Candidate], key: Any) -> tuple[tuple[str, str, int], tuple[int, int]]:
    (field, _), candidate = each
    return (*key(field, candidate), bin_of(candidate.score)), (int(candidate.value == candidate.known), 1)


def _histogram(each: tuple[Any, Iterable[Any]]) -> tuple[Any, Histogram]:
    return each[0], dict(each[1])


def _with_confidences(each: tuple[Any, Histogram]) -> tuple[Any, list[float]]:
    return each[0], confidences(each[1])


def _with_limit(each: tuple[tuple[str, str], Histogram], least_right: float) -> tuple[str, int]:
    return each[0][0], least_bin(each[1], least_right)


def _confided(
    each: tuple[tuple[str, str], Candidate], believed: Mapping[tuple[str, str], list[float]]
) -> tuple[tuple[str, str], tuple[Any, ...]]:
    (field, product), candidate = each
    known = believed.get((field, candidate.kind))
    confidence = known[bin_of(candidate.score)] if known else 0.0
    return (field, product), (confidence, *candidate[1:])
