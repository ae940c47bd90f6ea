"""Which phrases set the reviews of a product apart from all reviews."""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from components.products.reviews.phrases import FUNCTION_WORDS, Phrase, phrases_of, stands_in

# Reviews of a product that a phrase has to stand in: what one person says is no report.
_LEAST_REVIEWS = 2
# Share of all reviews from which on a word is too common to begin or end a phrase.
_COMMON = 0.3
# Share of a phrase's reviews in which a longer one stands that is said instead.
_NEARLY_ALWAYS = 0.8
# Phrases that are looked at for each that is kept, as many say the same.
_LOOKED_AT = 16
# Phrases that the prior is worth, and the least number of deviations by which a phrase has to stand out.
_PRIOR, _LEAST_Z = 100.0, 1.96


class Counted(NamedTuple):
    """How often a phrase stands in reviews of a product, and in all reviews."""

    phrase: Phrase
    of_product: int
    of_all: int


class TellingPhrases(beam.PTransform):
    """Pairs of a product id and a review to pairs of a product id and its most telling phrases, the strongest first.

    A phrase has one to three words, counts once a review, and stands in two reviews of the product or more. Phrases are
    ordered by the weighted log-odds ratio with an informative prior (Monroe, Colaresi and Quinn, "Fightin' words",
    Political Analysis 2008): the product's reviews beside all others, where the prior is what all reviews say. Phrases
    of each length are compared among themselves. A phrase that stands in a longer one nearly always (four times of
    five) is that longer one, and a phrase of which most words were said already is left out. None begins or ends with a
    word that three in ten reviews have, nor with a function word of English.

    Time grows with the words of all reviews. What is counted is keyed by product and phrase and held by Beam; a worker
    holds one review, and `kept` phrases of one product.

    Args:
        kept: Phrases of a product at the most.
    """

    def __init__(self, kept: int) -> None:
        super().__init__()
        self._kept = kept

    def expand(self, reviews: beam.PCollection[tuple[bytes, str]]) -> beam.PCollection[tuple[bytes, list[Phrase]]]:
        """Adds the counting and the choice to a pipeline."""
        reviews = reviews | "KeepDistinctReviews" >> beam.Distinct()
        counts = (
            reviews
            | "FindPhrases" >> beam.FlatMap(_found).with_output_types(tuple[tuple[bytes, Phrase], int])
            | "CountByProduct" >> beam.CombinePerKey(sum)
        )
        of_all = (
            counts | "OfPhrase" >> beam.Map(lambda each: (each[0][1], each[1])) | "CountAll" >> beam.CombinePerKey(sum)
        )
        common = of_all | "KeepCommon" >> beam.Filter(
            _is_common, beam.pvalue.AsSingleton(reviews | "CountReviews" >> beam.combiners.Count.Globally())
        )
        of_products = (
            counts
            | "KeepRepeated" >> beam.Filter(lambda each: each[1] >= _LEAST_REVIEWS)
            | "ByPhrase" >> beam.Map(lambda each: (each[0][1], (each[0][0], each[1])))
        )
        sizes = (
            counts
            | "OfLength" >> beam.Map(lambda each: ((each[0][0], len(each[0][1])), each[1]))
            | "SizeOfProduct" >> beam.CombinePerKey(sum)
        )
        whole = sizes | "OfAll" >> beam.Map(lambda each: (each[0][1], each[1])) | "SizeOfAll" >> beam.CombinePerKey(sum)
        counted = (
            {"all": of_all, "products": of_products} | "JoinCounts" >> beam.CoGroupByKey() | beam.FlatMap(_counted)
        )
        of_product = sizes | "SizesByProduct" >> beam.Map(lambda each: (each[0][0], (each[0][1], each[1])))
        return (
            {"phrases": counted, "sizes": of_product}
            | "JoinSizes" >> beam.CoGroupByKey()
            | "ChooseTelling"
            >> beam.FlatMap(_chosen, self._kept, beam.pvalue.AsDict(whole), beam.pvalue.AsDict(common))
        )


def log_odds(counted: Counted, product_size: int, size: int) -> float:
    """Returns by how many deviations a phrase is more usual in a product's reviews than in all others.

    Args:
        counted: How often the phrase stands in reviews.
        product_size: Phrases of this length in the product's reviews.
        size: Those in all reviews.
    """
    prior = _PRIOR * counted.of_all / size
    own, others = counted.of_product + prior, counted.of_all - counted.of_product + prior
    own_rest = product_size + _PRIOR - own
    others_rest = size - product_size + _PRIOR - others
    if own_rest <= 0.0 or others_rest <= 0.0:
        return 0.0
    return (math.log(own / own_rest) - math.log(others / others_rest)) / math.sqrt(1.0 / own + 1.0 / others)


def _found(review: tuple[bytes, str]) -> Iterator[tuple[tuple[bytes, Phrase], int]]:
    product, text = review
    return (((product, phrase), 1) for phrase in phrases_of(text))


def _counted(element: tuple[Phrase, Mapping[str, Iterable[Any]]]) -> Iterator[tuple[bytes, Counted]]:
    phrase, sides = element
    (of_all,) = sides["all"]
    for product, count in sides["products"]:
        yield product, Counted(phrase, count, of_all)


def _is_common(counted: tuple[Phrase, int], reviews: int) -> bool:
    phrase, count = counted
    return len(phrase) == 1 and count >= _COMMON * reviews


def _chosen(
    element: tuple[bytes, Mapping[str, Iterable[Any]]],
    kept: int,
    whole: Mapping[int, int],
    common: Mapping[Phrase, int],
) -> Iterator[tuple[bytes, list[Phrase]]]:
    product, sides = element
    sizes: dict[int, int] = dict(sides["sizes"])
    scored = (
        (log_odds(each, sizes[len(each.phrase)], whole[len(each.phrase)]), each)
        for each in sides["phrases"]
        if not any((word,) in common or word in FUNCTION_WORDS for word in (each.phrase[0], each.phrase[-1]))
    )
    strongest = heapq.nlargest(_LOOKED_AT * kept, (each for each in scored if each[0] >= _LEAST_Z))
    chosen, said = list[Phrase](), set[str]()
    for _, counted in strongest:
        phrase = _whole_phrase(counted, strongest)
        if len(chosen) < kept and 2 * len(said.intersection(phrase)) <= len(phrase):
            chosen.append(phrase)
            said.update(phrase)
    if chosen:
        yield product, chosen


def _whole_phrase(counted: Counted, strongest: Iterable[tuple[float, Counted]]) -> Phrase:
    """Returns the longest phrase that a phrase nearly always stands in, of equals that of the most telling words."""
    telling = {each.phrase[0]: score for score, each in strongest if len(each.phrase) == 1}
    longer = (
        each.phrase
        for _, each in strongest
        if each.of_product >= _NEARLY_ALWAYS * counted.of_product and stands_in(counted.phrase, each.phrase)
    )
    return max(longer, key=lambda phrase: (len(phrase), sum(telling.get(word, 0.0) for word in phrase), phrase))
