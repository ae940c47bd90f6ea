"""What a model of answers, and its baselines, say to test questions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from components.gate.judgement import MODEL
from components.support.judging.gate_options import ACCURACY, BM25, ENCODER, MRR
from serving.graph.words import index_words, joined_pairs, plain_words, singular_words
from serving.index.lexical import LexicalIndex
from serving.signature_names import REPLY
from serving.support.module import EARLIER_TURNS
from trainer.artifacts.example_files import example_features
from trainer.options import TextOptions
from trainer.search.index.postings import build_postings
from trainer.support.answers import Answers, load_answers
from trainer.text.backbone import encode_texts, load_text_encoder

CONFIDENCE, GIVEN, INTENT, EXPECTED, WISH = "confidence", "given", "intent_right", "expected", "wants_products"


def judged_schema(systems: Sequence[str]) -> pa.Schema:
    """Returns the columns of judged questions: those of the model, then SYSTEM.METRIC of each system."""
    return pa.schema(
        [
            (EXPECTED, pa.int32()),
            (CONFIDENCE, pa.float32()),
            (GIVEN, pa.bool_()),
            (WISH, pa.bool_()),
            # Null where the answer has no intent.
            (INTENT, pa.bool_()),
            *((f"{system}.{metric}", pa.float32()) for system in systems for metric in (ACCURACY, MRR)),
        ]
    )


class SupportJudge:
    """Asks every system about test questions.

    Args:
        models: Paths of served models by name of the system.
        baselines: Names of the baselines.
        catalogue_uri: The answers.
        text: The encoder of the baseline.
    """

    def __init__(
        self, models: Mapping[str, str], baselines: Sequence[str], catalogue_uri: str, text: TextOptions
    ) -> None:
        self._answers = load_answers(catalogue_uri)
        self._place = {answer_id: row for row, answer_id in enumerate(self._answers.ids)}
        self._models = {name: tf.saved_model.load(path) for name, path in models.items()}
        self._systems = [*models, *baselines]
        self._baselines = {name: _baseline(name, self._answers, text) for name in baselines}

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns a row with `judged_schema` of each serialized tf.Example."""
        features = [example_features(record) for record in records]
        expected = np.array([each["answer"].int64_list.value[0] for each in features], np.int32)
        questions = [each["question"].bytes_list.value[0] for each in features]
        columns: dict[str, Any] = {EXPECTED: expected}
        for name, model in self._models.items():
            reply = asked(model, records)
            ranks = self._ranks(reply["answer_ids"], expected)
            columns |= _measures(name, ranks)
            if name == MODEL:
                intents = [self._answers.intents[row] for row in expected]
                columns |= {
                    CONFIDENCE: reply["confidence"],
                    GIVEN: ~reply["hand_over"] & ~reply["wants_products"],
                    WISH: reply["wants_products"],
                    INTENT: pa.array(
                        [
                            found.decode("utf-8", "surrogateescape") == intent if intent else None
                            for found, intent in zip(reply["intent"], intents, strict=True)
                        ],
                        pa.bool_(),
                    ),
                }
        for name, scores_of in self._baselines.items():
            scores = scores_of(questions)
            own = np.take_along_axis(scores, expected[:, np.newaxis].astype(np.int64), axis=1)
            # Those that score as high stand before it.
            columns |= _measures(name, (scores >= own).sum(axis=1))
        return pa.table(columns).select(judged_schema(self._systems).names).cast(judged_schema(self._systems))

    def _ranks(self, ids: npt.NDArray[np.object_], expected: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Returns the rank of each right answer from 1, 0 where it was not answered."""
        rows = np.array(
            [[self._place.get(value.decode("utf-8", "surrogateescape"), -1) for value in row] for row in ids]
        )
        hits = rows == expected[:, np.newaxis]
        return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def asked(model: Any, records: Sequence[bytes]) -> dict[str, Any]:
    """Returns what the signature `reply` of a loaded model answers, arrays of a row each record."""
    features = [example_features(record) for record in records]
    earlier = [list(each["earlier"].bytes_list.value)[-EARLIER_TURNS:] for each in features]
    answer = model.signatures[REPLY](
        question=tf.constant([each["question"].bytes_list.value[0] for each in features]),
        earlier=tf.constant([[b""] * (EARLIER_TURNS - len(each)) + each for each in earlier], tf.string),
        product_id=tf.constant([each["product_id"].bytes_list.value[0] for each in features]),
    )
    return {name: values.numpy() for name, values in answer.items()}


def _measures(system: str, ranks: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float32]]:
    found = np.where(ranks > 0, 1.0 / np.maximum(ranks, 1), 0.0).astype(np.float32)
    return {f"{system}.{ACCURACY}": (ranks == 1).astype(np.float32), f"{system}.{MRR}": found}


def _baseline(name: str, answers: Answers, text: TextOptions) -> Any:
    """Returns what scores all answers for questions, `(questions, answers)`, by their texts alone."""
    if name == BM25:
        lexical = LexicalIndex(build_postings(answers.texts, None))

        def by_words(questions: Sequence[bytes]) -> npt.NDArray[np.float32]:
            words = plain_words(tf.constant(list(questions)))
            found: npt.NDArray[np.float32] = lexical.scores(
                lexical.ask(index_words(words), joined_pairs(singular_words(words)))
            ).numpy()
            return found

        return by_words
    if name != ENCODER:
        raise ValueError(f"`{name}` is no baseline of answers.")
    encoder = load_text_encoder(text)
    vectors = encode_texts(encoder, answers.texts, text.batch_size)

    def by_meaning(questions: Sequence[bytes]) -> npt.NDArray[np.float32]:
        texts = [question.decode("utf-8", "surrogateescape") for question in questions]
        found: npt.NDArray[np.float32] = encode_texts(encoder, texts, text.batch_size) @ vectors.T
        return found

    return by_meaning
