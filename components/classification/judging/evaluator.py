"""ClassificationEvaluator: judges a served classifier by label and by slice, and blesses it or not."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from typing_extensions import override

from components.classification.judging.gate_options import ClassificationGateOptions
from components.classification.judging.tfidf import fit_tfidf, tfidf_probabilities
from components.gate.judgement import JudgedBy
from components.labels.evaluator import LabelEvaluator, LabelEvaluatorExecutor
from components.labels.judged_labels import text_value
from components.labels.judging import Ask, Baseline, LabelJudging
from components.labels.label_signatures import EvaluateSignature, ordered_answers
from components.labels.slices import TEXT_SLICES
from trainer.artifacts.example_files import example_features
from trainer.classification.examples import labelled_texts

TFIDF = "tfidf"


class TextJudging(LabelJudging):
    """Classifiers are asked about texts, beside logistic regression on TF-IDF."""

    options = ClassificationGateOptions
    judged_by = JudgedBy("text", "texts", "the test split is empty")
    beside = TFIDF

    @override
    def evaluated(self, path: str, labels: Sequence[str]) -> Ask:
        signature = EvaluateSignature(path, labels)
        return lambda records: signature.ask(text=_tensor(_texts(records)))

    @override
    def served(self, path: str, labels: Sequence[str]) -> Ask:
        ask = ordered_answers(path, "serving_default", "labels", labels)
        return lambda records: ask(text=_tensor(_texts(records)))

    @override
    def baselines(self, facts: Mapping[str, Any]) -> dict[str, Baseline]:
        return {TFIDF: Baseline(_fit, lambda fitted, records, n: tfidf_probabilities(fitted, _texts(records), n))}

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


def _fit(records: Sequence[bytes]) -> Any:
    learned = labelled_texts(list(records))
    return fit_tfidf(learned.texts, learned.labels)


def _texts(records: Sequence[bytes]) -> list[str]:
    return [text_value(example_features(record), "text") or "" for record in records]


def _tensor(texts: Sequence[str]) -> tf.Tensor:
    return tf.constant(list(texts), tf.string, [len(texts)])
