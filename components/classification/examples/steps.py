"""The Beam transform behind ClassificationExamples: from rows to one example a distinct text, in splits."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pandas as pd
import pyarrow as pa
import tensorflow as tf

from components.classification.examples.options import ClassificationExamplesOptions, TextSplitOptions
from components.counters import sum_counters
from components.errors import InputError
from components.tables.blank_texts import strip_unseen
from components.tables.read_back import concatenated, from_bytes, to_bytes

SPLITS = TRAIN, EVAL, TEST = ("train", "eval", "test")
COUNTS, VOCABULARY = "counts", "vocabulary"
BLANK, DUPLICATES, CONFLICTS, LEFT_OUT = "blank_text", "duplicate_texts", "conflicting_texts", "left_out_texts"

_HASHES = 1 << 64
# A text that the table has in two splits is in the first of these.
_PRECEDENCE = (TEST, EVAL, TRAIN)


class LabelledText(NamedTuple):
    """A distinct text.

    Attributes:
        text: The text, stripped.
        label: Its label.
        slices: Values of the slice columns, None for none.
    """

    text: str
    label: str
    slices: tuple[str | None, ...]


class MakeTextExamples(beam.PTransform):
    """Arrow IPC streams of the table to serialized tf.Examples: a mapping from split to PCollection.

    Texts are stripped of what nobody sees, blank ones left out, and equal ones made one, with the label that most of
    its rows have (the first in order of characters where there are several). So no text is in two splits. The table's
    reader has stripped the labels; those with too few training texts are left out. An example has the features text
    (bytes), label (int64: place in the vocabulary) and the slice columns (bytes). Under `counts` is a Counter, and
    under `vocabulary` the list of labels, each as one element.

    Rows are cut by a hash of their text into buckets that are handled in memory.

    Args:
        options: How texts are split.
        buckets: How many.
    """

    def __init__(self, options: ClassificationExamplesOptions, buckets: int) -> None:
        super().__init__()
        self._options, self._buckets = options, buckets

    def expand(self, table: beam.PCollection[bytes]) -> Mapping[str, Any]:
        """Adds the steps to a pipeline."""
        spread = table | "SpreadByText" >> beam.ParDo(_SpreadByText(self._buckets)).with_outputs(COUNTS, main="rows")
        distinct = (
            spread["rows"]
            | "BringTextsTogether" >> beam.GroupByKey()
            | "MakeDistinct" >> beam.ParDo(_MakeDistinct(self._options)).with_outputs(COUNTS, main="texts")
        )
        has_eval = beam.pvalue.AsSingleton(distinct["texts"] | "LookForEval" >> beam.CombineGlobally(_any_eval))
        texts = distinct["texts"] | "SplitTexts" >> beam.Map(_with_split, self._options.split, has_eval)
        vocabulary = (
            texts
            | "TakeTraining" >> beam.Filter(lambda text: text[0] == TRAIN)
            | "TakeLabels" >> beam.Map(lambda text: text[1].label)
            | "CountLabels" >> beam.combiners.Count.PerElement()
            | "ListLabels" >> beam.combiners.ToList()
            | "ChooseLabels" >> beam.Map(_vocabulary, self._options.split.min_label_texts)
        )
        written = texts | "MakeExamples" >> beam.ParDo(
            _MakeExample(self._options.slice_columns), beam.pvalue.AsSingleton(vocabulary)
        ).with_outputs(*SPLITS, COUNTS)
        counts = (
            [spread[COUNTS], distinct[COUNTS], written[COUNTS]]
            | "GatherCounts" >> beam.Flatten()
            | "AddUpCounts" >> beam.CombineGlobally(sum_counters)
        )
        return {**{split: written[split] for split in SPLITS}, COUNTS: counts, VOCABULARY: vocabulary}


class _SpreadByText(beam.DoFn):
    """Arrow IPC streams of rows to (bucket, Arrow IPC stream); blank texts are counted and go no further."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets

    def process(self, stream: bytes) -> Iterator[Any]:
        rows = from_bytes(stream)
        for name in rows.column_names:
            column = rows[name].cast(pa.string())
            stripped = strip_unseen(column) if name == "text" else column
            rows = rows.set_column(rows.column_names.index(name), name, stripped)
        kept = rows.filter(rows["text"].is_valid())
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({"texts": len(rows), BLANK: len(rows) - len(kept)}))
        if not len(kept):
            return
        buckets = np.array([text_hash(text) % self._buckets for text in kept["text"].to_pylist()])
        for bucket in np.unique(buckets):
            yield int(bucket), to_bytes(kept.filter(pa.array(buckets == bucket)))


class _MakeDistinct(beam.DoFn):
    """A bucket to (split of the column or None, LabelledText), one a distinct text; memory grows with the bucket."""

    def __init__(self, options: ClassificationExamplesOptions) -> None:
        self._options = options

    def process(self, bucket: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        rows = concatenated(bucket[1])
        if rows is None:
            return
        table = rows.to_pandas().sort_values(rows.column_names)
        counts: Counter[str] = Counter()
        for text, group in table.groupby("text", sort=True):
            counts[DUPLICATES] += len(group) - 1
            labels = group["label"].value_counts()
            counts[CONFLICTS] += len(labels) > 1
            label = min(labels[labels == labels.max()].index)
            slices = tuple(_first_known(group[name]) for name in self._options.slice_columns)
            yield self._split(group), LabelledText(str(text), label, slices)
        yield beam.pvalue.TaggedOutput(COUNTS, counts)

    def _split(self, group: pd.DataFrame) -> str | None:
        column = self._options.split.split_column
        if column is None:
            return None
        found = set(group[column])
        unknown = found.difference(_PRECEDENCE)
        if unknown:
            raise InputError(
                f"Column `{column}` of table `texts` should name a split: {', '.join(SPLITS)}; "
                f"got {', '.join(sorted(map(repr, unknown)))}. Mend it, or leave `split_column` out."
            )
        return next(split for split in _PRECEDENCE if split in found)


class _MakeExample(beam.DoFn):
    """(split, LabelledText) to serialized examples by split; texts of labels that are not learned are counted.

    Side input:
        vocabulary: The labels that are learned.
    """

    def __init__(self, slice_columns: Sequence[str]) -> None:
        self._slice_columns = slice_columns

    def process(self, element: tuple[str, LabelledText], vocabulary: list[str]) -> Iterator[Any]:
        split, text = element
        if text.label not in vocabulary:
            yield beam.pvalue.TaggedOutput(COUNTS, Counter({LEFT_OUT: 1}))
            return
        yield beam.pvalue.TaggedOutput(COUNTS, Counter({split: 1}))
        slices = dict(zip(self._slice_columns, text.slices, strict=True))
        yield beam.pvalue.TaggedOutput(split, text_example(text.text, vocabulary.index(text.label), slices))


def text_example(text: str, label: int, slices: Mapping[str, str | None]) -> bytes:
    """Serializes a text as a tf.Example, as `MakeTextExamples` describes it."""
    example = tf.train.Example()
    feature = example.features.feature
    feature["text"].bytes_list.value.append(text.encode())
    feature["label"].int64_list.value.append(label)
    for name, value in slices.items():
        if value is not None:
            feature[name].bytes_list.value.append(value.encode())
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def text_hash(text: str) -> int:
    """Returns 64 bits of sha256 of a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def split_of(text: str, options: TextSplitOptions, given: str | None, has_eval: bool) -> str:
    """Returns the split of a text.

    Args:
        text: The text, stripped.
        options: Shares of the splits.
        given: What the table says, if it does.
        has_eval: Whether the table has texts to validate on.
    """
    place = text_hash(text) / _HASHES
    if given is None:
        if place < options.test_fraction:
            return TEST
        return EVAL if place < options.test_fraction + options.eval_fraction else TRAIN
    if given == TRAIN and not has_eval and place < options.eval_fraction:
        return EVAL
    return given


def _with_split(
    text: tuple[str | None, LabelledText], options: TextSplitOptions, has_eval: bool
) -> tuple[str, LabelledText]:
    return split_of(text[1].text, options, text[0], has_eval), text[1]


def _any_eval(texts: Iterable[Any]) -> bool:
    """Tells whether any of some texts, or of what this said of them before, is given as `eval`."""
    return any(text is True or (isinstance(text, tuple) and text[0] == EVAL) for text in texts)


def _vocabulary(counts: Sequence[tuple[str, int]], least: int) -> list[str]:
    return sorted(label for label, count in counts if count >= least)


def _first_known(column: pd.Series) -> str | None:
    known = column.dropna()
    return None if known.empty else str(known.iloc[0])
