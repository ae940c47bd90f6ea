"""What negative reviews talk about: the things that set them apart, with what people say of them."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import apache_beam as beam

from components.opinions.reviews import Review
from components.products.reviews.phrases import FUNCTION_WORDS, Phrase, clauses, stands_in, written
from components.products.reviews.telling import Counted, log_odds

MOST_ASPECTS = 50
_MOST_QUOTES = 3
_LONGEST = 2
# Words that a thing is named after: "the zipper", "my size".
_DETERMINERS = frozenset(re.split(" ", "a an the this that these those my your his her its our their no any some"))
# They stand after a determiner and name nothing.
_VAGUE = frozenset(re.split(" ", "same other whole entire first second last next only such way lot bit"))
# Share of a phrase's reviews in which a determiner says that it is a thing: an adjective rarely ends such a phrase.
_LEAST_NAMED = 0.25
_LEAST_NEGATIVES = 5
# Deviations by which it has to be more usual in negative reviews.
_LEAST_Z = 2.58
# Share of a phrase's reviews in which a longer one stands that is said instead.
_NEARLY_ALWAYS = 0.6
_LOOKED_AT = 8
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
_QUOTE_CHARACTERS = 100


class PhraseCounts(NamedTuple):
    """In how many reviews a phrase stands.

    Attributes:
        negatives: Negative ones.
        others: The others.
        named: Of both, those in which a determiner says that it is a thing.
    """

    negatives: int
    others: int
    named: int


class Aspect(NamedTuple):
    """A thing that sets negative reviews apart.

    Attributes:
        phrase: Its name.
        negatives: Negative reviews in which it stands.
        others: Other reviews in which it stands.
        z: By how many deviations it is more usual in negative reviews.
    """

    phrase: Phrase
    negatives: int
    others: int
    z: float

    @property
    def name(self) -> str:
        """Its name as it is written."""
        return written(self.phrase)


class FindAspects(beam.PTransform):
    """Reviews to one list of the aspects, the strongest first.

    Phrases of one or two words are candidates where a determiner stands before them often enough: what follows "the" or
    "my" up to the next function word names a thing. That holds for languages with articles; in others nothing is found.
    They are ordered by the weighted log-odds ratio with an informative prior (Monroe, Colaresi and Quinn, "Fightin'
    words", Political Analysis 2008), negative reviews beside the others. What is counted is keyed by phrase and held by
    Beam; one worker holds the phrases that stand out.
    """

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[list[Aspect]]:
        """Adds the counting and the choice to a pipeline."""
        counts = (
            reviews
            | "FindThings" >> beam.FlatMap(_counted).with_output_types(tuple[Phrase, PhraseCounts])
            | "CountThings" >> beam.CombinePerKey(_sum)
        )
        sizes = (
            counts
            | "SizesByLength"
            >> beam.Map(lambda each: (len(each[0]), PhraseCounts(*each[1]))).with_output_types(tuple[int, PhraseCounts])
            | "AddUpSizes" >> beam.CombinePerKey(_sum)
        )
        return (
            counts
            | "ScoreThings" >> beam.FlatMap(_scored, beam.pvalue.AsDict(sizes))
            | "KeepStrongest" >> beam.combiners.Top.Of(_LOOKED_AT * MOST_ASPECTS, key=lambda aspect: (aspect.z, aspect))
            | "JoinThings" >> beam.Map(chosen)
        )


class FindQuotes(beam.PTransform):
    """Reviews to pairs of an aspect's name and up to three sentences of negative ones that name it.

    Args:
        aspects: A view of the list of aspects.
    """

    def __init__(self, aspects: beam.pvalue.AsSingleton) -> None:
        super().__init__()
        self._aspects = aspects

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[tuple[str, list[str]]]:
        """Adds the search to a pipeline."""
        return (
            reviews
            | "KeepNegatives" >> beam.Filter(lambda review: review.negative)
            | "FindSentences"
            >> beam.FlatMap(_sentences, self._aspects).with_output_types(tuple[str, tuple[int, bytes, str]])
            | "KeepBest" >> beam.combiners.Top.SmallestPerKey(_MOST_QUOTES)
            | "KeepTexts" >> beam.Map(lambda found: (found[0], [sentence for _, _, sentence in found[1]]))
        )


def things_of(text: str) -> dict[Phrase, bool]:
    """Returns the phrases of one or two words that may name a thing, each with whether a determiner says so."""
    found: dict[Phrase, bool] = {}
    for words in clauses(text):
        start = 0
        for end in range(len(words) + 1):
            if end < len(words) and not _is_function_word(words[end]):
                continue
            run = words[start:end]
            after_determiner = start > 0 and words[start - 1] in _DETERMINERS and len(run) <= _LONGEST + 1
            for first in range(len(run)):
                for last in range(first + 1, min(first + _LONGEST, len(run)) + 1):
                    phrase = tuple(run[first:last])
                    # A run's last words name the thing; those before say what it is like.
                    found[phrase] = found.get(phrase, False) or (after_determiner and last == len(run))
            start = end + 1
    return found


def aspects_of(text: str, aspects: Collection[Phrase]) -> set[Phrase]:
    """Returns which aspects a text names."""
    return things_of(text).keys() & set(aspects)


def chosen(found: Iterable[Aspect]) -> list[Aspect]:
    """Returns the aspects to show: of two of which one stands in the other, the one that says more."""
    kept: list[Aspect] = []
    ordered = sorted(found, key=lambda aspect: (-aspect.z, aspect.phrase))
    for aspect in ordered:
        longer = [
            each
            for each in ordered
            if each.phrase != aspect.phrase
            and stands_in(aspect.phrase, each.phrase)
            and each.negatives >= _NEARLY_ALWAYS * aspect.negatives
        ]
        covered = any(stands_in(each.phrase, aspect.phrase) for each in kept)
        if not longer and not covered:
            kept.append(aspect)
    return kept[:MOST_ASPECTS]


def quotes_of(text: str, aspects: Sequence[Phrase]) -> Iterator[tuple[Phrase, str]]:
    """Yields the sentences of a text that name an aspect."""
    for sentence in map(str.strip, _SENTENCE.split(text)):
        for phrase in aspects_of(sentence, aspects):
            yield phrase, sentence


def _is_function_word(word: str) -> bool:
    # Whatever is drawn together with another word is a verb or a pronoun: didn't, that's.
    return (
        word in FUNCTION_WORDS
        or word in _DETERMINERS
        or word in _VAGUE
        or "'" in word
        or "\N{RIGHT SINGLE QUOTATION MARK}" in word
    )


def _counted(review: Review) -> Iterator[tuple[Phrase, PhraseCounts]]:
    for phrase, named in things_of(review.text).items():
        yield phrase, PhraseCounts(int(review.negative), int(not review.negative), int(named))


def _sum(counts: Iterable[PhraseCounts]) -> PhraseCounts:
    negatives = others = named = 0
    for each in counts:
        negatives, others, named = negatives + each[0], others + each[1], named + each[2]
    return PhraseCounts(negatives, others, named)


def _scored(element: tuple[Phrase, PhraseCounts], sizes: Mapping[int, PhraseCounts]) -> Iterator[Aspect]:
    phrase, counts = element
    negatives, others, named = counts
    if negatives < _LEAST_NEGATIVES or named < _LEAST_NAMED * (negatives + others):
        return
    size = sizes[len(phrase)]
    z = log_odds(Counted(phrase, negatives, negatives + others), size[0], size[0] + size[1])
    if z >= _LEAST_Z:
        yield Aspect(phrase, negatives, others, z)


def _sentences(review: Review, aspects: Sequence[Aspect]) -> Iterator[tuple[str, tuple[int, bytes, str]]]:
    for phrase, sentence in quotes_of(review.text, [aspect.phrase for aspect in aspects]):
        # Those of a usual length are easy to read; of equals, a hash decides, so that it is the same ones each time.
        away = abs(len(sentence) - _QUOTE_CHARACTERS) // 20
        yield written(phrase), (away, hashlib.blake2b(sentence.encode(errors="replace")).digest()[:8], sentence)
