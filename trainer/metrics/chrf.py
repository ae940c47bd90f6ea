"""chrF: how alike two texts are by the characters that follow each other in them."""

from collections import Counter
from collections.abc import Sequence

_ORDER, _BETA = 6, 2.0


def chrf(texts: Sequence[str], references: Sequence[str]) -> float:
    """Returns chrF2 of texts as one corpus, from 0 to 100.

    Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; n-grams of 1 to 6 characters
    without white space, recall twice as heavy as precision, as sacreBLEU has it by default.

    Args:
        texts: The texts.
        references: What each should be like.
    """
    counts = [[0, 0, 0] for _ in range(_ORDER)]
    for text, reference in zip(texts, references, strict=True):
        for order, found in enumerate(_matches(text, reference)):
            counts[order] = [total + each for total, each in zip(counts[order], found, strict=True)]
    return _score(counts)


def sentence_chrf(text: str, reference: str) -> float:
    """Returns chrF2 of one text."""
    return _score(_matches(text, reference))


def _matches(text: str, reference: str) -> list[list[int]]:
    """Returns, for each length, how many n-grams the text has, how many the reference has, and how many both have."""
    found = []
    bare, bare_reference = "".join(text.split()), "".join(reference.split())
    for order in range(1, _ORDER + 1):
        grams, wanted = _grams(bare, order), _grams(bare_reference, order)
        found.append([grams.total(), wanted.total(), (grams & wanted).total()])
    return found


def _grams(text: str, order: int) -> Counter[str]:
    return Counter(text[place : place + order] for place in range(len(text) - order + 1))


def _score(counts: Sequence[Sequence[int]]) -> float:
    # Lengths that one of the two sides has no n-gram of do not count.
    shares = [(both / own, both / wanted) for own, wanted, both in counts if own and wanted]
    if not shares:
        return 0.0
    precision, recall = (sum(each) / len(shares) for each in zip(*shares, strict=True))
    if not precision + recall:
        return 0.0
    return 100.0 * (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)
