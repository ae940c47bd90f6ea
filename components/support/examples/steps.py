"""The Beam transform behind SupportExamples: rows of answers and turns of dialogues to questions with their answers."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf

from components.errors import InputError
from components.support.examples.options import SupportExamplesOptions
from components.tables.read_back import stripped_rows
from serving.support.module import EARLIER_TURNS

SPLITS = TRAIN, EVAL, TEST = ("train", "eval", "test")
ANSWER_SCHEMA = pa.schema([(name, pa.string()) for name in ("answer_id", "text", "intent", "product_id", "category")])
_HASHES = 1 << 64


class AnswerRow(NamedTuple):
    """What a row says of an answer; "" where it says nothing."""

    text: str
    answer_id: str
    intent: str
    product_id: str
    category: str


class Asked(NamedTuple):
    """A question that was answered.

    Attributes:
        question: What was asked.
        answer: The text of the answer.
        product_id: The product that the answer is about; "" for none.
        earlier: The turns before, the newest last.
        split: What the table says of its split; "" for nothing.
    """

    question: str
    answer: str
    product_id: str
    earlier: tuple[str, ...]
    split: str


class ReadAnswers(beam.PTransform):
    """Arrow IPC streams of the table `answers` to `AnswerRow`s, and to `Asked` under the tag `asked`.

    Args:
        split_column: Column that names the split of a question; None for none.
    """

    def __init__(self, split_column: str | None) -> None:
        super().__init__()
        self._split_column = split_column

    def expand(self, table: beam.PCollection[bytes]) -> Any:
        """Adds the reading to a pipeline."""
        return table | "ReadRows" >> beam.ParDo(_ReadAnswerRows(self._split_column)).with_outputs("asked", main="rows")


class ReadDialogues(beam.PTransform):
    """Arrow IPC streams of the table `dialogues` to `Asked`: what a customer said, and what the agent said next.

    Turns of a customer that follow each other are one question. A dialogue is held in memory.

    Args:
        agents: Who speaks for the shop.
    """

    def __init__(self, agents: Sequence[str]) -> None:
        super().__init__()
        self._agents = frozenset(agents)

    def expand(self, table: beam.PCollection[bytes]) -> beam.PCollection[Asked]:
        """Adds the reading to a pipeline."""
        return (
            table
            | "ReadTurns" >> beam.FlatMap(_turns)
            | "BringTurnsTogether" >> beam.GroupByKey()
            | "PairTurns" >> beam.FlatMap(_pairs, self._agents)
        )


class MakeAnswers(beam.PTransform):
    """`AnswerRow`s to one list of all distinct answers, as rows of `ANSWER_SCHEMA` in order of id.

    Rows with the same text are one answer: its id is the first in byte order, its intent the one that most of them
    name, and it is about a product or a category where all of them say so. The list is held in memory, as the model is.
    """

    def expand(self, rows: beam.PCollection[AnswerRow]) -> beam.PCollection[list[dict[str, str]]]:
        """Adds the steps to a pipeline."""
        return (
            rows
            | "KeyByText" >> beam.Map(lambda row: (row.text, row))
            | "MergeRows" >> beam.CombinePerKey(_MergeRows())
            | "DropKey" >> beam.Values()
            | "ListAnswers" >> beam.combiners.ToList()
            | "SortAnswers" >> beam.Map(lambda found: sorted(found, key=lambda each: (each["answer_id"], each["text"])))
        )


class MakeQuestionExamples(beam.PTransform):
    """`Asked` to serialized tf.Examples by split, and to Counters under `counts`.

    An example has the features question, product_id, earlier (bytes) and answer (int64, the row of the answer). One
    that says nothing new is left out; a question that has several answers is an example with each of them, all in the
    same split.

    Args:
        options: How questions are split.
        answers: What `MakeAnswers` returned.
    """

    def __init__(self, options: SupportExamplesOptions, answers: beam.PCollection[list[dict[str, str]]]) -> None:
        super().__init__()
        self._options, self._answers = options, answers

    def expand(self, asked: beam.PCollection[Asked]) -> Any:
        """Adds the steps to a pipeline."""
        places = self._answers | "NumberAnswers" >> beam.Map(
            lambda answers: {each["text"]: row for row, each in enumerate(answers)}
        )
        return (
            asked
            | "KeyByPair" >> beam.Map(lambda each: ((each.question, each.answer), each))
            | "BringPairsTogether" >> beam.GroupByKey()
            | "MakeExamples"
            >> beam.ParDo(_MakeExample(self._options), beam.pvalue.AsSingleton(places)).with_outputs(*SPLITS, "counts")
        )


class _ReadAnswerRows(beam.DoFn):
    def __init__(self, split_column: str | None) -> None:
        self._split_column = split_column

    def process(self, stream: bytes) -> Iterator[Any]:
        for row in stripped_rows(stream):
            text = row.get("text", "")
            if not text:
                continue
            facts = (row.get(name, "") for name in ("answer_id", "intent", "product_id", "category"))
            found = AnswerRow(text, *facts)
            yield found
            if row.get("question"):
                split = row.get(self._split_column, "") if self._split_column else ""
                yield beam.pvalue.TaggedOutput("asked", Asked(row["question"], text, found.product_id, (), split))


class _MergeRows(beam.CombineFn):
    """Rows of one answer to what is known of it; counters of few values are held."""

    def create_accumulator(self) -> tuple[str, str, Counter[str], Counter[str], Counter[str]]:
        return "", "", Counter(), Counter(), Counter()

    def add_input(self, accumulator: Any, row: AnswerRow) -> Any:
        _, answer_id, intents, products, categories = accumulator
        intents.update([row.intent] if row.intent else [])
        products[row.product_id] += 1
        categories[row.category] += 1
        return row.text, min(filter(None, (answer_id, row.answer_id)), default=""), intents, products, categories

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        merged: tuple[Any, ...] = self.create_accumulator()
        for each in accumulators:
            merged = (
                each[0] or merged[0],
                min(filter(None, (merged[1], each[1])), default=""),
                *(left + right for left, right in zip(merged[2:], each[2:], strict=True)),
            )
        return merged

    def extract_output(self, accumulator: Any) -> dict[str, str]:
        text, answer_id, intents, products, categories = accumulator
        most = max(intents.values(), default=0)
        return {
            "answer_id": answer_id,
            "text": text,
            "intent": min((name for name, count in intents.items() if count == most), default=""),
            "product_id": next(iter(products)) if len(products) == 1 else "",
            "category": next(iter(categories)) if len(categories) == 1 else "",
        }


class _MakeExample(beam.DoFn):
    """Side input: the row of each answer's text."""

    def __init__(self, options: SupportExamplesOptions) -> None:
        self._options = options

    def process(self, element: tuple[tuple[str, str], Iterable[Asked]], places: dict[str, int]) -> Iterator[Any]:
        (question, answer), group = element
        every = sorted(group)
        if answer not in places:
            yield beam.pvalue.TaggedOutput("counts", Counter({"turns_that_are_no_answer": len(every)}))
            return
        given = {each.split for each in every if each.split}
        split = _split(question, given, self._options)
        yield beam.pvalue.TaggedOutput("counts", Counter({split: 1, "repeated_pairs": len(every) - 1}))
        example = tf.train.Example()
        feature = example.features.feature
        feature["question"].bytes_list.value.append(_bytes(question))
        feature["answer"].int64_list.value.append(places[answer])
        feature["product_id"].bytes_list.value.append(_bytes(every[-1].product_id))
        feature["earlier"].bytes_list.value.extend(_bytes(each) for each in every[0].earlier)
        yield beam.pvalue.TaggedOutput(split, example.SerializeToString(deterministic=True))


def _split(question: str, given: set[str], options: SupportExamplesOptions) -> str:
    unknown = given.difference(SPLITS)
    if unknown:
        raise InputError(
            f"Column `{options.split.split_column}` of table `answers` should name a split: {', '.join(SPLITS)}; got "
            f"{', '.join(sorted(map(repr, unknown)))}. Mend it, or leave `tasks.support.split.split_column` out."
        )
    if given:
        return next(split for split in (TEST, EVAL, TRAIN) if split in given)
    place = int.from_bytes(hashlib.sha256(_bytes(question)).digest()[:8], "big") / _HASHES
    if place < options.split.test_fraction:
        return TEST
    return EVAL if place < options.split.test_fraction + options.split.eval_fraction else TRAIN


def _turns(stream: bytes) -> Iterator[tuple[str, tuple[int, str, str]]]:
    for row in stripped_rows(stream):
        if row.get("text"):
            yield row["dialogue_id"], (int(row["turn"]), row["speaker"], row["text"])


def _pairs(dialogue: tuple[str, Iterable[tuple[int, str, str]]], agents: frozenset[str]) -> Iterator[Asked]:
    said: list[str] = []
    question: list[str] = []
    for _, speaker, text in sorted(dialogue[1]):
        if speaker not in agents:
            question.append(text)
            continue
        if question:
            yield Asked(" ".join(question), text, "", tuple(said[-EARLIER_TURNS:]), "")
            said += question
            question = []
        said.append(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
