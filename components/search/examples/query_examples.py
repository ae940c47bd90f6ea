"""The Beam transform behind SearchExamples: from pairs to examples of one query each, in splits."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

import apache_beam as beam
import numpy as np
import pandas as pd
import tensorflow as tf

from components.search.examples.options import QueryOptions
from components.search.examples.perturbations import EVALUATION_PERTURBATIONS, join_words, query_words
from components.search.examples.query_pairs import COUNTS, JUDGED, MADE, SEEN, SHOWN, TRAINING, query_hash
from components.tables.read_back import concatenated

QUERY_SPLITS = TRAIN, EVAL, TEST = ("train", "eval", "test")
# What users chose of queries, and what they had had (`components.search.examples.personal_examples`).
PERSONAL = "personal"
SPLITS = (*QUERY_SPLITS, PERSONAL)

_HASHES = 1 << 63
_PRECEDENCE = {JUDGED: 0, SHOWN: 1, SEEN: 2, MADE: 3}


class MakeQueryExamples(beam.PTransform):
    """(bucket, Arrow IPC stream of pairs) to serialized tf.Examples: a mapping from split to PCollection.

    An example has the features query (bytes), product_index (int64 list) and relevance (float list, one for each),
    slice (bytes: `asked`, or how the query was perturbed) and headline (int64: 1 for those whose metrics count, 0 for
    perturbed copies of others).

    Args:
        options: How queries are split.
    """

    def __init__(self, options: QueryOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, pairs: beam.PCollection[tuple[int, bytes]]) -> Mapping[str, Any]:
        """Adds the steps to a pipeline."""
        written = (
            pairs
            | "BringQueriesTogether" >> beam.GroupByKey()
            | "MakeExamples" >> beam.ParDo(_MakeExamples(self._options)).with_outputs(EVAL, TEST, COUNTS, main=TRAIN)
        )
        chosen = {
            split: written[split]
            | f"KeepFirst_{split}" >> beam.combiners.Top.Smallest(self._options.max_evaluation_queries)
            | f"List_{split}" >> beam.FlatMap(lambda queries: queries)
            for split in (EVAL, TEST)
        }
        return {
            TRAIN: written[TRAIN],
            EVAL: chosen[EVAL] | "TakeEval" >> beam.Map(lambda query: query[1]),
            TEST: chosen[TEST] | "AddPerturbedCopies" >> beam.FlatMap(with_perturbed_copies, self._options),
            COUNTS: written[COUNTS],
        }


class _MakeExamples(beam.DoFn):
    """A bucket to examples of `train`, and (hash, example) of `eval` and `test`; memory grows with the bucket."""

    def __init__(self, options: QueryOptions) -> None:
        self._options = options

    def process(self, bucket: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        pairs = concatenated(bucket[1])
        if pairs is None:
            return
        counts: Counter[str] = Counter()
        graded = _graded(pairs.to_pandas())
        queries, first = np.unique(graded["query"].to_numpy(), return_index=True)
        bounds = np.append(first, len(graded))
        products, relevance = graded["product_index"].to_numpy(), graded["relevance"].to_numpy()
        slices, made = graded["slice"].to_numpy(), (graded["source"] == MADE).to_numpy()
        for query, start, stop in zip(queries.tolist(), bounds[:-1], bounds[1:], strict=True):
            hashed = query_hash(query)
            split = split_of(hashed, self._options)
            rows = np.arange(start, stop)
            if made[start]:
                rows = rows[(slices[rows] == TRAINING) == (split == TRAIN)]
            if not len(rows):
                continue
            counts[split] += 1
            example = query_example(query, products[rows], relevance[rows], slices[rows[0]], headline=True)
            yield example if split == TRAIN else beam.pvalue.TaggedOutput(split, (hashed, example))
        yield beam.pvalue.TaggedOutput(COUNTS, counts)


def split_of(hashed: int, options: QueryOptions) -> str:
    """Returns the split of a query by its hash."""
    place = hashed / _HASHES
    if place < options.test_fraction:
        return TEST
    return EVAL if place < options.test_fraction + options.eval_fraction else TRAIN


def with_perturbed_copies(query: tuple[int, bytes], options: QueryOptions) -> Iterator[bytes]:
    """Yields a test query and, where it was asked by people, its perturbed copies.

    A copy that by its own hash belongs to another split is left out, so that no query is in two of them, and so is one
    that the perturbation leaves as it was.
    """
    hashed, example = query
    yield example
    features = tf.train.Example.FromString(example).features.feature
    if features["slice"].bytes_list.value[0] != b"asked":
        return
    asked = features["query"].bytes_list.value[0].decode()
    words = query_words(asked)
    if not words:
        return
    for name, perturb in EVALUATION_PERTURBATIONS.items():
        copy = join_words(perturb(words, Random(hashed)))
        if copy not in (asked, join_words(words)) and split_of(query_hash(copy), options) == TEST:
            yield query_example(
                copy,
                np.array(features["product_index"].int64_list.value),
                np.array(features["relevance"].float_list.value),
                name,
                headline=False,
            )


def query_example(query: str, product_index: Any, relevance: Any, slice_name: str, *, headline: bool) -> bytes:
    """Serializes one query as a tf.Example, as `MakeQueryExamples` describes it."""
    example = tf.train.Example()
    feature = example.features.feature
    feature["query"].bytes_list.value.append(query.encode())
    feature["product_index"].int64_list.value.extend(product_index)
    feature["relevance"].float_list.value.extend(relevance)
    feature["slice"].bytes_list.value.append(slice_name.encode())
    feature["headline"].int64_list.value.append(int(headline))
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def _graded(pairs: pd.DataFrame) -> pd.DataFrame:
    """Returns one row for each query and product.

    Several judgements of a pair are averaged. Events are added up, and the product of a query that has most gets 1.
    A judgement overrides impressions, these override events, and any of them overrides what was made of the catalogue,
    so that all rows of a query are made or none is. Rows are in the order of their queries.
    """
    # In double precision the order of the pairs changes nothing.
    pairs = pairs.astype({"relevance": "float64"})
    counted = pairs["source"] == SEEN
    keys = ["query", "product_index"]
    judged = pairs[~counted].groupby([*keys, "source", "slice"], as_index=False)["relevance"].mean()
    seen = pairs[counted].groupby([*keys, "source", "slice"], as_index=False)["relevance"].sum()
    seen["relevance"] /= seen.groupby("query")["relevance"].transform("max")
    graded = pd.concat([judged, seen])
    graded["precedence"] = graded["source"].map(_PRECEDENCE)
    best = graded.groupby("query")["precedence"].transform("min")
    graded = graded[(graded["source"] != MADE) | (best == _PRECEDENCE[MADE])]
    # A query that was made to train on and to evaluate on keeps both slices until its split is known.
    return graded.sort_values([*keys, "precedence", "slice"]).drop_duplicates([*keys, "slice"])
