"""The wide part of a classifier: regularised logistic regression on hashed n-grams."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy import sparse
from scipy.special import log_softmax, softmax
from sklearn.metrics import f1_score

from serving.classification.module import beginning
from serving.classification.ngrams import ngrams_of
from serving.classification.wide import WideFacts
from serving.reasons.phrases import written_words
from trainer.classification.batches import label_weights
from trainer.classification.calibration import fit_temperature
from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.logistic import LinearLayer, fit_logistic
from trainer.classification.options import WideOptions

Matrix = npt.NDArray[np.float32]

_TEXTS_AT_ONCE = 2048
# Kernels are dense: with many labels there are fewer buckets, so that they stay under 64 MiB.
_MOST_WEIGHTS = 2**24
# Each n-gram has little of the gradient: at a larger one the steps end before most of them are learned.
_TOLERANCE = 1e-4


class WideClassifier(NamedTuple):
    """A wide part, and how good it is alone.

    Attributes:
        facts: What is served; its logits are calibrated.
        f1_macro: On the validation split.
        loss: The mean negative log likelihood there.
        temperature: What the logits are divided by.
    """

    facts: WideFacts
    f1_macro: float
    loss: float
    temperature: float

    def logits(self, texts: Sequence[str]) -> Matrix:
        """Returns float32 `(texts, classes)`, calibrated."""
        weighed = weigh(ngram_counts(texts, len(self.facts.importance)), self.facts.importance)
        found: Matrix = np.asarray(weighed @ self.facts.kernel + self.facts.bias, np.float32)
        return found

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        """Returns float32 `(texts, classes)`."""
        found: Matrix = softmax(self.logits(texts), axis=1)
        return found


def fit_wide(
    learned: LabelledTexts, validated: LabelledTexts, classes: int, options: WideOptions, class_weights: str
) -> WideClassifier:
    """Learns labels from n-grams, weighed by TF-IDF and by what they tell, and calibrates it on the validation split.

    Memory grows with the n-grams of all texts, some 12 bytes each.

    Args:
        learned: The training split.
        validated: The validation split.
        classes: Labels that there are; one that no training text has is never found.
        options: How many hashes, and how much is regularised.
        class_weights: As `ClassifierTrainingOptions.class_weights`.
    """
    buckets = _buckets(options.buckets, classes)
    facts = _learn(learned, buckets, classes, options, class_weights)
    asked = weigh(ngram_counts(validated.texts, buckets), facts.importance)
    logits = np.asarray(asked @ facts.kernel + facts.bias)
    temperature = fit_temperature(logits, validated.labels)
    likelihoods = log_softmax(logits / temperature, axis=1)[np.arange(len(logits)), validated.labels]
    return WideClassifier(
        facts=_calibrated(facts, temperature),
        f1_macro=float(f1_score(validated.labels, logits.argmax(axis=1), average="macro")),
        loss=float(-likelihoods.mean()),
        temperature=temperature,
    )


def refit_wide(
    wide: WideClassifier, learned: LabelledTexts, options: WideOptions, class_weights: str
) -> WideClassifier:
    """Returns a wide part that has learned from more texts, calibrated as it was."""
    buckets, classes = wide.facts.kernel.shape
    facts = _learn(learned, buckets, classes, options, class_weights)
    return wide._replace(facts=_calibrated(facts, wide.temperature))


def _learn(learned: LabelledTexts, buckets: int, classes: int, options: WideOptions, class_weights: str) -> WideFacts:
    """Learns from texts; the logits are not calibrated."""
    counts = ngram_counts(learned.texts, buckets)
    importance = inverse_document_frequencies(counts) * telling(counts, learned, classes)
    weights = label_weights(learned.labels, classes, class_weights)[learned.labels] * learned.text_weights()
    layer = _fit(weigh(counts, importance), learned.labels, weights, classes, options.inverse_regularisation)
    return WideFacts(layer.kernel, layer.bias, importance)


def _calibrated(facts: WideFacts, temperature: float) -> WideFacts:
    return facts._replace(kernel=facts.kernel / temperature, bias=facts.bias / temperature)


def _fit(
    texts: sparse.csr_matrix,
    labels: npt.NDArray[np.int64],
    weights: Matrix,
    classes: int,
    inverse_regularisation: float,
) -> LinearLayer:
    """Fits the buckets that any text has; the others stay 0."""
    present = np.unique(texts.indices)
    layer = fit_logistic(texts[:, present], labels, weights, classes, inverse_regularisation, _TOLERANCE)
    kernel = np.zeros((texts.shape[1], classes), np.float32)
    kernel[present] = layer.kernel
    return layer._replace(kernel=kernel)


def ngram_counts(texts: Sequence[str], buckets: int) -> sparse.csr_matrix:
    """Returns how often each text has each n-gram, float32 `(texts, buckets)`."""
    parts = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        batch = list(texts[start : start + _TEXTS_AT_ONCE])
        ngrams = ngrams_of(written_words(beginning(tf.constant(batch, tf.string))), buckets)
        places = (ngrams.rows.numpy(), ngrams.buckets.numpy().astype(np.int32))
        ones = np.ones(len(places[0]), np.float32)
        parts.append(sparse.csr_matrix((ones, places), shape=(len(batch), buckets)))
    return sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix((0, buckets), dtype=np.float32)


def inverse_document_frequencies(counts: sparse.csr_matrix) -> Matrix:
    """Returns float32 `(buckets,)`: `log((1 + texts) / (1 + texts with the n-gram)) + 1`, as scikit-learn's TF-IDF."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    found: Matrix = (np.log((1.0 + counts.shape[0]) / (1.0 + texts)) + 1.0).astype(np.float32)
    return found


def telling(counts: sparse.csr_matrix, learned: LabelledTexts, classes: int) -> Matrix:
    """Returns how unevenly labels have each n-gram, float32 `(buckets,)`; 0 for those that no text has.

    Of each label, the ratio of the share of the n-gram in its texts to that in all others is counted by texts, with one
    more for each n-gram (Wang and Manning, "Baselines and bigrams", ACL 2012). The root of the mean square of the
    logarithms, a label weighing as its texts, tells how much an n-gram says; the root of that again is returned, since
    few texts say it of most.

    Args:
        counts: What `ngram_counts` returned for the texts.
        learned: The texts.
        classes: Labels that there are.
    """
    present = np.unique(counts.indices)
    having = counts[:, present].sign()
    of_label = np.zeros((len(learned), classes), np.float32)
    of_label[np.arange(len(learned)), learned.labels] = learned.text_weights()
    own = np.asarray(having.T @ of_label) + 1.0
    others = own.sum(axis=1, keepdims=True) - own
    ratios = np.log(own / own.sum(axis=0)) - np.log(others / others.sum(axis=0))
    shares = of_label.sum(axis=0) / of_label.sum()
    found = np.zeros(counts.shape[1], np.float32)
    found[present] = (ratios**2 @ shares) ** 0.25
    return found


def weigh(counts: sparse.csr_matrix, importance: Matrix) -> sparse.csr_matrix:
    """Returns what `serving.classification.wide.weighed_ngrams` adds up to, float32 `(texts, buckets)`."""
    weighed = counts.copy()
    weighed.data = (1.0 + np.log(counts.data)) * importance[counts.indices]
    squares = np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel()
    lengths = np.sqrt(np.where(squares > 0.0, squares, 1.0))
    weighed.data /= np.repeat(lengths, np.diff(weighed.indptr)).astype(np.float32)
    return weighed


def _buckets(wanted: int, classes: int) -> int:
    most = max(2**12, _MOST_WEIGHTS // classes)
    return min(wanted, 2 ** (most.bit_length() - 1))
