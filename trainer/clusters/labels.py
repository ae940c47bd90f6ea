"""Labels of clusters: the few words that set the texts of each apart from those of the others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from trainer.clusters.category_names import LONGEST_LABEL
from trainer.clusters.label_phrases import complete_word, join_phrases, write_phrase
from trainer.clusters.label_vocabulary import TextWords, label_worth, read_text_words, written_forms

Indices = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# A label of a cluster whose texts have no word that could stand in one.
_NO_WORDS = "…"
# A further word has to be worth so much of the first one.
_SCORE_SHARE = 0.3
# Room for a number.
_LONGEST = LONGEST_LABEL - 4


class ClusterLabels(NamedTuple):
    """Labels, each of them once on its level.

    Attributes:
        leaves: One a leaf.
        parents: One a top cluster.
    """

    leaves: list[str]
    parents: list[str]


def class_factors(frequencies: Floats, classes: int) -> Floats:
    """Returns how much each word sets classes apart, by which TF-IDF over classes multiplies its frequency in one.

    This is log(1 + A / f), where f is a word's frequency in all classes and A the average number of words a class
    (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022).

    Args:
        frequencies: float64 `(words,)`; the factor of a word that is nowhere is 0.
        classes: Their number.

    Returns:
        float64 `(words,)`.
    """
    average = frequencies.sum() / classes
    return np.log1p(np.divide(average, frequencies, out=np.zeros(len(frequencies)), where=frequencies > 0))


def label_clusters(
    texts: Sequence[str], weights: Floats, cluster_ids: Indices, parents: Indices, label_words: int
) -> ClusterLabels:
    """Labels the leaves and the top clusters by class-based TF-IDF, deterministically.

    A word counts once a product. On both levels log(1 + A / f) is that of the leaves, since there are too few top
    clusters to show which words are spread over all of them. Words that follow each other in the texts are read as
    phrases, and are written as they are most often. A label that another cluster of its level has gets further words,
    or a number. None is longer than 40 characters.

    Args:
        texts: `(texts,)`.
        weights: float64 `(texts,)`, the products that each text stands for.
        cluster_ids: int32 `(texts,)`, the leaf of each text; each leaf has at least one.
        parents: int32 `(leaves,)`, from 0 and not decreasing; leaves of one parent are beside each other.
        label_words: Words of a label at the most, if it is not to be told from another one.
    """
    # With the texts in the order of the leaves, the words of each leaf and of each top cluster are one slice.
    order = np.argsort(cluster_ids, kind="stable")
    texts, weights, cluster_ids = [texts[row] for row in order], weights[order], cluster_ids[order]
    forms = written_forms(texts)
    words = read_text_words(texts).written(forms)
    writer = _LabelWriter(words, forms, label_words)
    leaf_counts = _count_words(words, weights, cluster_ids, len(parents))
    factors = class_factors(leaf_counts.sum(axis=0), len(parents)) * label_worth(words)
    bounds = np.searchsorted(cluster_ids, np.arange(len(parents) + 1))
    leaves, tops = [], []
    used_leaves: set[str] = set()
    used_tops: set[str] = set()
    for parent in range(int(parents[-1]) + 1):
        first, last = np.searchsorted(parents, [parent, parent + 1]).tolist()
        scores = leaf_counts[first:last].sum(axis=0) * factors
        tops.append(writer.label(scores, words.between(int(bounds[first]), int(bounds[last])), used_tops))
    for leaf in range(len(parents)):
        scores = leaf_counts[[leaf]].toarray()[0] * factors
        leaves.append(writer.label(scores, words.between(int(bounds[leaf]), int(bounds[leaf + 1])), used_leaves))
    return ClusterLabels(leaves, tops)


def _count_words(words: TextWords, weights: Floats, cluster_ids: Indices, leaves: int) -> csr_array:
    """Returns the products of each leaf that have each word, float64 `(leaves, words)`."""
    size = max(len(words.vocabulary), 1)
    # A word counts once a text, however often the text repeats it.
    texts, columns = np.divmod(np.unique(words.texts * size + words.words), size)
    counts = csr_array((weights[texts], (cluster_ids[texts], columns)), shape=(leaves, len(words.vocabulary)))
    counts.sum_duplicates()
    return counts


class _LabelWriter:
    """Chooses words by their scores and writes them."""

    def __init__(self, words: TextWords, written: dict[str, str], label_words: int) -> None:
        self._forms = [written.get(word, word) for word in words.vocabulary]
        self._label_words = label_words

    def label(self, scores: Floats, words: TextWords, used: set[str]) -> str:
        """Returns a label that is not used yet, which it adds to those used."""
        chosen: dict[int, str] = {}
        ranking = np.argsort(-scores, kind="stable")
        for place in ranking[scores[ranking] > 0.0].tolist():
            enough = len(chosen) >= self._label_words or scores[place] < _SCORE_SHARE * scores[ranking[0]]
            if chosen and enough and self._write(chosen, words) not in used:
                break
            form = complete_word(place, words)
            form = self._forms[place] if form == words.vocabulary[place] else form
            if not any(_alike(form.lower(), other.lower()) for other in chosen.values()):
                longer = {**chosen, place: form}
                if chosen and len(self._write(longer, words)) > _LONGEST:
                    break
                chosen = longer
        plain = label = self._write(chosen, words)[:_LONGEST]
        number = 1
        while label in used:
            number += 1
            label = f"{plain} {number}"
        used.add(label)
        return label

    def _write(self, chosen: dict[int, str], words: TextWords) -> str:
        phrases = [write_phrase([chosen[place] for place in phrase]) for phrase in join_phrases(list(chosen), words)]
        return ", ".join(phrase[:1].upper() + phrase[1:] for phrase in phrases) or _NO_WORDS


def _alike(form: str, other: str) -> bool:
    """Whether one word is the beginning of the other, as a plural's or where titles are cut, or a part in Chinese."""
    shorter, longer = sorted((form, other), key=len)
    return longer.startswith(shorter) or (not shorter.isascii() and shorter in longer)
