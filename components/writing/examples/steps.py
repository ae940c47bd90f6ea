"""The Beam transform behind WritingExamples: rows of products and answers to texts with what they are made of."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from components.tables.read_back import stripped_rows
from components.writing.examples.options import WritingExamplesOptions
from components.writing.examples.replies import central_answer
from components.writing.product_fields import product_fields
from trainer.writing.options import DESCRIPTION, REPLY
from trainer.writing.pairs import Pair

SPLITS = TRAIN, EVAL, TEST = ("train", "eval", "test")
_HASHES = 1 << 64
# Answers to one intent that are compared with each other, those of the lowest hash.
_COMPARED = 200


class Asked(NamedTuple):
    """A question with the answer that it had."""

    question: str
    intent: str
    text: str


class ReadProducts(beam.PTransform):
    """Arrow IPC streams of the table `products` to `Pair`s of descriptions, and to brands under the tag `brands`.

    Args:
        options: Which columns a text is made of.
    """

    def __init__(self, options: WritingExamplesOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, table: beam.PCollection[bytes]) -> Any:
        """Adds the reading to a pipeline."""
        return table | "ReadProductRows" >> beam.ParDo(_ReadProductRows(self._options)).with_outputs(
            "brands", main="pairs"
        )


class MakeReplies(beam.PTransform):
    """Arrow IPC streams of the table `answers` to `Pair`s of replies.

    What is found for a question is the central one of the answers of its intent outside the test split; the reply is
    what was answered. Rows without an intent are wishes for a reply that nobody has written.

    Args:
        options: How questions are split.
    """

    def __init__(self, options: WritingExamplesOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, table: beam.PCollection[bytes]) -> beam.PCollection[Pair]:
        """Adds the steps to a pipeline."""
        asked = table | "ReadAnswerRows" >> beam.FlatMap(_asked)
        central = (
            asked
            | "KeyByIntent" >> beam.FlatMap(_known_of_intent, self._options)
            | "SampleAnswers" >> beam.combiners.Top.SmallestPerKey(_COMPARED)
            | "PickCentral"
            >> beam.MapTuple(lambda intent, found: (intent, central_answer([pair for _, pair in found])))
        )
        return asked | "PairReplies" >> beam.Map(_reply, beam.pvalue.AsDict(central))


class SplitPairs(beam.PTransform):
    """`Pair`s to serialized tf.Examples by split, and to Counters under `counts`.

    Of the train and the test split those of the lowest hash are kept, in the test split those with a text before wishes
    for one; equal pairs are one.

    Args:
        options: How they are split.
    """

    def __init__(self, options: WritingExamplesOptions) -> None:
        super().__init__()
        self._options = options

    def expand(self, pairs: beam.PCollection[Pair]) -> dict[str, beam.PCollection[Any]]:
        """Adds the steps to a pipeline."""
        split = (
            pairs
            | "DropRepeated" >> beam.Distinct()
            | "Split" >> beam.ParDo(_Split(self._options)).with_outputs(*SPLITS, "counts")
        )
        most = {TRAIN: self._options.split.most_known, TEST: self._options.split.most_test}
        kept = {
            name: split[name]
            | f"LowestHashes_{name}" >> beam.combiners.Top.Smallest(count)
            | f"List_{name}" >> beam.FlatMap(lambda found: [record for _, record in found])
            for name, count in most.items()
        }
        return {**kept, EVAL: split[EVAL], "counts": split["counts"]}


class _ReadProductRows(beam.DoFn):
    def __init__(self, options: WritingExamplesOptions) -> None:
        self._options = options

    def process(self, stream: bytes) -> Iterator[Any]:
        for row in stripped_rows(stream):
            fields = product_fields(row, self._options.attributes)
            if fields.get("brand"):
                yield beam.pvalue.TaggedOutput("brands", fields["brand"])
            kind = self._options.product_kind
            if kind is not None and fields.get("title"):
                target = fields.pop("description", "") if kind == DESCRIPTION else ""
                # Products that differ in nothing a text is made of are one.
                read = {"title", *self._options.kinds[kind]}
                yield Pair.of(kind, {name: value for name, value in fields.items() if name in read}, target)


class _Split(beam.DoFn):
    def __init__(self, options: WritingExamplesOptions) -> None:
        self._split = options.split

    def process(self, pair: Pair) -> Iterator[Any]:
        place = place_of(pair)
        is_test = place < self._split.test_fraction
        name = TEST if is_test else EVAL if place < self._split.test_fraction + self._split.eval_fraction else TRAIN
        if not is_test and not pair.target:
            yield beam.pvalue.TaggedOutput("counts", Counter({"without_text": 1}))
            return
        yield beam.pvalue.TaggedOutput("counts", Counter({name: 1}))
        record = pair.to_record()
        yield beam.pvalue.TaggedOutput(name, record if name == EVAL else ((not pair.target, place), record))


def place_of(pair: Pair) -> float:
    """Returns the place of a pair between 0 and 1, by what it is about."""
    fields = pair.named()
    return _place(fields["question"] if pair.what == REPLY else fields["title"])


def _place(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big") / _HASHES


def _asked(stream: bytes) -> Iterator[Asked]:
    for row in stripped_rows(stream):
        if row.get("question") and row.get("text"):
            yield Asked(row["question"], row.get("intent", ""), row["text"])


def _known_of_intent(
    asked: Asked, options: WritingExamplesOptions
) -> Iterable[tuple[str, tuple[float, tuple[str, str]]]]:
    place = _place(asked.question)
    if asked.intent and place >= options.split.test_fraction:
        yield asked.intent, (place, (asked.question, asked.text))


def _reply(asked: Asked, central: dict[str, str]) -> Pair:
    found = central.get(asked.intent, asked.text)
    # Where a shop has one answer to an intent, nobody has put it into other words.
    return Pair.of(REPLY, {"question": asked.question, "answer": found}, "" if found == asked.text else asked.text)
