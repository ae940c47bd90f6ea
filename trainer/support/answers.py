"""The shop's answers and the questions that they answer, as training reads them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.artifacts.example_files import example_features, split_files
from trainer.artifacts.names import CATALOGUE_FILE
from trainer.artifacts.parquet_files import read_parquet


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers with texts of their own; a row's number is the answer's place everywhere.

    Attributes:
        ids: Their ids.
        texts: What is answered; no two are equal.
        intents: What a question for it wants; "" where nobody has said.
        product_ids: The product that each is about; "" for any.
        categories: The category that each is about; "" for any.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    intents: Sequence[str]
    product_ids: Sequence[str]
    categories: Sequence[str]

    @classmethod
    def of_texts(cls, texts: Sequence[str], intents: Sequence[str] | None = None) -> "Answers":
        """Returns answers of which nothing but texts and intents is known; ids count from 0."""
        nothing = [""] * len(texts)
        return cls(
            ids=[str(place) for place in range(len(texts))],
            texts=texts,
            intents=intents or nothing,
            product_ids=nothing,
            categories=nothing,
        )

    def __len__(self) -> int:
        return len(self.texts)

    def intent_names(self) -> list[str]:
        """Returns the distinct intents, sorted."""
        return sorted({name for name in self.intents if name})

    def intent_places(self) -> npt.NDArray[np.int32]:
        """Returns int32 `(answers,)` places in `intent_names`, -1 for none."""
        place = {name: place for place, name in enumerate(self.intent_names())}
        return np.array([place.get(name, -1) for name in self.intents], np.int32)


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Questions, each with the answer that it has.

    Attributes:
        texts: What was asked.
        answers: int32 `(questions,)` rows of answers.
        product_ids: The product that was asked about; "" where there was none.
        earlier: The turns before each, the newest last.
    """

    texts: Sequence[str]
    answers: npt.NDArray[np.int32]
    product_ids: Sequence[str] = ()
    earlier: Sequence[Sequence[str]] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.integer]) -> "Questions":
        """Returns some of them."""
        return Questions(
            texts=[self.texts[row] for row in rows],
            answers=self.answers[rows],
            product_ids=[self.product_ids[row] for row in rows] if self.product_ids else (),
            earlier=[self.earlier[row] for row in rows] if self.earlier else (),
        )


def load_answers(catalogue_uri: str) -> Answers:
    """Reads the answers of a Catalogue artifact that SupportExamples wrote."""
    table = read_parquet(os.path.join(catalogue_uri, CATALOGUE_FILE))
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return Answers(
        ids=columns["answer_id"],
        texts=columns["text"],
        intents=columns["intent"],
        product_ids=columns["product_id"],
        categories=columns["category"],
    )


def load_questions(examples_uri: str, split: str) -> Questions:
    """Reads the questions of a split into memory, in byte order.

    Raises:
        ValueError: The split has no file.
    """
    found: list[tuple[str, str, tuple[str, ...], int]] = []
    for record in tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator():
        features = example_features(record)
        question, product_id = (_text(features[name].bytes_list.value[0]) for name in ("question", "product_id"))
        earlier = tuple(_text(each) for each in features["earlier"].bytes_list.value)
        found.append((question, product_id, earlier, int(features["answer"].int64_list.value[0])))
    found.sort()
    return Questions(
        texts=[each[0] for each in found],
        answers=np.array([each[3] for each in found], np.int32),
        product_ids=[each[1] for each in found],
        earlier=[each[2] for each in found],
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
