"""Texts of products without the words of their categories, to judge how much the rest of a text says of them."""

import re
from collections.abc import Sequence

from serving.graph.words import UNSPACED_CHARACTER
from trainer.clusters.label_vocabulary import read_text_words

# One character of a script without spaces, or the letters of one word.
_TOKEN = re.compile(rf"{UNSPACED_CHARACTER}|(?:(?!{UNSPACED_CHARACTER})[^\W\d_])+")
# All that separates words: how many commas are left would tell of the words that were taken out between them.
_BETWEEN = re.compile(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)|_")


def without_category_words(texts: Sequence[str], categories: Sequence[str]) -> list[str]:
    """Takes the words of each product's category out of its text, whatever their capitals or plurals.

    Of a category in a script without spaces all characters are taken out, which is more than its words.

    Args:
        texts: `(products,)`.
        categories: `(products,)`; of an empty one no word is taken out.

    Returns:
        `(products,)`; the other words and numbers with spaces for all that separated them.
    """
    paths = list(dict.fromkeys(categories))
    forms = list(dict.fromkeys(form for text in texts for form in _TOKEN.findall(text)))
    words_of = dict(zip(paths, _word_sets(paths), strict=True))
    words_in = dict(zip(forms, _word_sets(forms), strict=True))
    rest = {
        (text, category): _take_out(text, words_of[category], words_in)
        for text, category in set(zip(texts, categories, strict=True))
    }
    return [rest[pair] for pair in zip(texts, categories, strict=True)]


def _take_out(text: str, taken: set[str], words_in: dict[str, set[str]]) -> str:
    kept = _TOKEN.sub(lambda match: "" if words_in[match[0]] & taken else match[0], text) if taken else text
    return " ".join(_BETWEEN.sub(" ", kept).split())


def _word_sets(texts: Sequence[str]) -> list[set[str]]:
    split = read_text_words(texts)
    sets: list[set[str]] = [set() for _ in texts]
    for text, word in zip(split.texts.tolist(), split.words.tolist(), strict=True):
        sets[text].add(split.vocabulary[word])
    return sets
