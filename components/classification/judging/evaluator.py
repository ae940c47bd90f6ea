"""ClassificationEvaluator: judges a served classifier by label and by slice, and blesses it or not."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.io import fileio
from typing_extensions import override

from components.classification.judging.gate_options import ClassificationGateOptions
from components.classification.judging.tfidf import fit_tfidf, tfidf_probabilities
from components.gate.judgement import JudgedBy
from components.labels.evaluator import LabelEvaluator, LabelEvaluatorExecutor
from components.labels.judged_labels import text_value
from components.labels.judging import MODEL_URI, Ask, Baseline, LabelJudging, Probabilities
from components.labels.label_signatures import EvaluateSignature, ordered_answers
from components.labels.slices import TEXT_SLICES
from trainer.artifacts.example_files import example_features
from trainer.artifacts.names import TEST_LOOKS_FILE, ZERO_SHOT_FILE
from trainer.artifacts.parquet_files import read_parquet
from trainer.classification.examples import labelled_texts

TFIDF, ZERO_SHOT = "tfidf", "zero_shot"
_LOOKS, _IMAGE = "looks", "image"


class TextJudging(LabelJudging):
    """Classifiers are asked about texts, beside logistic regression on TF-IDF."""

    options = ClassificationGateOptions
    judged_by = JudgedBy("text", "texts", "the test split is empty")
    beside = TFIDF

    @override
    def evaluated(self, path: str, labels: Sequence[str]) -> Ask:
        signature = EvaluateSignature(path, labels)
        if not signature.takes(_LOOKS):
            return lambda records: signature.ask(text=_tensor(_texts(records)))
        looks, width = _test_looks(path), signature.width(_LOOKS)

        def ask(records: Sequence[bytes]) -> Probabilities:
            none = np.zeros(width, np.float32)
            images = (text_value(example_features(record), _IMAGE) for record in records)
            rows = np.array([looks.get(image, none) for image in images], np.float32).reshape(-1, width)
            return signature.ask(text=_tensor(_texts(records)), looks=tf.constant(rows))

        return ask

    @override
    def served(self, path: str, labels: Sequence[str]) -> Ask:
        ask = ordered_answers(path, "serving_default", "labels", labels)
        return lambda records: ask(text=_tensor(_texts(records)))

    @override
    def baselines(self, facts: Mapping[str, Any]) -> dict[str, Baseline]:
        found = {TFIDF: Baseline(_fit, lambda fitted, records, n: tfidf_probabilities(fitted, _texts(records), n))}
        path = os.path.join(facts[MODEL_URI], ZERO_SHOT_FILE)
        if fileio.exists(path):
            found[ZERO_SHOT] = Baseline(lambda records: _told(path), _by_description)
        return found

    @override
    def built_in_slices(self, features: Mapping[str, Any]) -> dict[str, str]:
        text = text_value(features, "text") or ""
        return {name: tell(text) for name, tell in TEXT_SLICES.items()}


class ClassificationEvaluatorExecutor(LabelEvaluatorExecutor):
    """Judges a classifier; `texts-*.parquet` has one row a test text, without the text itself."""

    judging = TextJudging()


class ClassificationEvaluator(LabelEvaluator):
    """Judges a classifier on the test split, as it is served."""

    EXECUTOR_SPEC = BeamExecutorSpec(ClassificationEvaluatorExecutor)


def _test_looks(path: str) -> dict[str | None, npt.NDArray[np.float32]]:
    """Returns how each picture of the test texts looks, from beside the model in a folder."""
    table = read_parquet(os.path.join(os.path.dirname(path.rstrip("/")), TEST_LOOKS_FILE))
    return dict(zip(table["image"].to_pylist(), table["looks"].to_pylist(), strict=True))


def _told(path: str) -> dict[str, npt.NDArray[np.float32]]:
    """Returns what the descriptions of the labels say of each test text; nothing is learned for that."""
    table = read_parquet(path)
    return dict(zip(table["text"].to_pylist(), table["probabilities"].to_numpy(), strict=True))


def _by_description(
    told: Mapping[str, npt.NDArray[np.float32]], records: Sequence[bytes], classes: int
) -> Probabilities:
    return np.array([told[text] for text in _texts(records)], np.float32).reshape(-1, classes)


def _fit(records: Sequence[bytes]) -> Any:
    learned = labelled_texts(list(records))
    return fit_tfidf(learned.texts, learned.labels)


def _texts(records: Sequence[bytes]) -> list[str]:
    return [text_value(example_features(record), "text") or "" for record in records]


def _tensor(texts: Sequence[str]) -> tf.Tensor:
    return tf.constant(list(texts), tf.string, [len(texts)])
