"""The baseline of classification: logistic regression on TF-IDF of words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from serving.graph.words import UNSPACED_CHARACTER

# A word of two letters or more, and in scripts without spaces each character.
_WORD = rf"(?u){UNSPACED_CHARACTER}|\b\w\w+\b"
_INVERSE_REGULARISATION = 10.0
_MAX_ITERATIONS = 1000


def fit_tfidf(texts: Sequence[str], labels: npt.NDArray[np.int64]) -> Pipeline:
    """Fits the baseline: words and pairs of words, sublinear term frequency, labels balanced.

    Memory grows with the texts and their distinct pairs of words.

    Args:
        texts: Training texts.
        labels: int64 `(texts,)`.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_WORD, dtype=np.float32)
    regression = LogisticRegression(
        C=_INVERSE_REGULARISATION, class_weight="balanced", max_iter=_MAX_ITERATIONS, random_state=0
    )
    pipeline = make_pipeline(vectorizer, regression)
    pipeline.fit(list(texts), labels)
    return pipeline


def tfidf_probabilities(baseline: Pipeline, texts: Sequence[str], classes: int) -> npt.NDArray[np.float64]:
    """Returns probabilities float64 `(texts, classes)` in the order of the vocabulary; 0 for a label never learned."""
    probabilities = np.zeros((len(texts), classes))
    probabilities[:, baseline.classes_] = baseline.predict_proba(list(texts))
    return probabilities
