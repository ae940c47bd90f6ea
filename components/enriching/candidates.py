"""Values that signs speak for, as Beam finds them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam

from components.enriching.rules import Rule, lower_share, rule_of
from components.enriching.signs import NAMES, Sign, names, signs_of

# Field, and sign by its two parts.
SignKey = tuple[str, str, str]


class Candidate(NamedTuple):
    """A value that a sign speaks for.

    Attributes:
        score: How strongly: what the larger one of two is.
        value: The value.
        having: Products with the sign and the value.
        total: Products with the sign.
        kind: See `Sign`.
        words: See `Sign`.
        known: The product's own value; empty where it has none.
    """

    score: float
    value: str
    having: int
    total: int
    kind: str
    words: str
    known: str


class FindCandidates(beam.PTransform):
    """Products to pairs of (field, product) and the strongest candidate of one kind of sign.

    Args:
        fields: The fields.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__()
        self._fields = list(fields)

    def expand(self, rows: beam.PCollection[dict[str, Any]]) -> beam.PCollection[tuple[tuple[str, str], Candidate]]:
        """Adds the search to a pipeline."""
        signs = rows | "FindSigns" >> beam.FlatMap(_signs, self._fields).with_output_types(
            tuple[SignKey, tuple[str, str]]
        )
        rules = (
            signs
            | "KeepKnown" >> beam.Filter(lambda each: bool(each[1][1]))
            | "OfValue"
            >> beam.Map(lambda each: ((*each[0], each[1][1]), 1)).with_output_types(
                tuple[tuple[str, str, str, str], int]
            )
            | "CountValues" >> beam.CombinePerKey(sum)
            | "OfSign"
            >> beam.Map(lambda each: (each[0][:3], (each[0][3], each[1]))).with_output_types(
                tuple[SignKey, tuple[str, int]]
            )
            | "GatherValues" >> beam.GroupByKey()
            | "MakeRules" >> beam.FlatMap(_rules)
        )
        return (
            {"rule": rules, "products": signs}
            | "JoinRules" >> beam.CoGroupByKey()
            | "MakeCandidates" >> beam.FlatMap(_candidates).with_output_types(tuple[tuple[str, str, str], Any])
            | "KeepStrongest" >> beam.CombinePerKey(max)
            | "OfProduct"
            >> beam.Map(lambda each: (each[0][:2], Candidate(*each[1]))).with_output_types(tuple[tuple[str, str], Any])
        )


def _signs(row: Mapping[str, Any], fields: Sequence[str]) -> Iterator[tuple[SignKey, tuple[str, str]]]:
    for field in fields:
        for sign in signs_of(row, field, fields):
            yield (field, *sign), (row["product_id"], str(row.get(field, "")))


def _rules(element: tuple[SignKey, Iterable[tuple[str, int]]]) -> Iterator[tuple[SignKey, Rule]]:
    rule = rule_of(element[1])
    named = names(Sign(*element[0][1:]), rule.value)
    # A sign whose products say many things says nothing, and stands in most products.
    if (rule.score > 0.0 or named) and 2 * rule.having > rule.total:
        yield element[0], rule


def _candidates(
    element: tuple[SignKey, Mapping[str, Iterable[Any]]],
) -> Iterator[tuple[tuple[str, str, str], tuple[Any, ...]]]:
    (field, kind, words), sides = element
    for given in sides["rule"]:
        whole = Rule(*given)
        named = {value: names(Sign(kind, words), value) for value in (whole.value, whole.second)}
        for product, known in sides["products"]:
            rule = whole.without(known) if known else whole
            # Of a value that the title names, one other product is enough: it shows that there is such a value.
            score = lower_share(rule.having, rule.total) if named[rule.value] else rule.score
            if score > 0.0:
                shown = NAMES if named[rule.value] else kind
                candidate = (score, rule.value, rule.having, rule.total, shown, words, known)
                yield (field, product, shown), candidate
