"""The words of a review and the phrases that they make."""

import re
import unicodedata
from collections.abc import Iterator

from serving.graph.words import UNSPACED_CHARACTER

Phrase = tuple[str, ...]

LONGEST_PHRASE = 3
# Words with what joins their parts (don't, t-shirt, 2.5), or single characters where words have no spaces.
_WORD = re.compile(
    rf"{UNSPACED_CHARACTER}|(?:(?!{UNSPACED_CHARACTER})[^\W_])+(?:['’.,-](?!{UNSPACED_CHARACTER})[^\W_]+)*"
)
# A phrase does not go on past the end of a clause.
_CLAUSE_END = re.compile(r"[.,;:!?](?:\s|$)|[\n。，；：！？、()\[\]]")
# Words that neither begin nor end a phrase that tells anything; of other languages the most common words stand in.
FUNCTION_WORDS = frozenset(
    re.split(
        " ",
        "a about also am an and any are as at be been but by can could did do does don't for from get got had"
        " has have he her here how i i'd i'll i'm i've if in into is it it's its just me more most my no not"
        " of on one or our out she so some than that that's the their them then there these they this those to"
        " too up us very was we were what when where which who why will with would you your",
    )
)


def phrases_of(text: str) -> set[Phrase]:
    """Returns all runs of one to three words of a text, in lower case, none across the end of a clause."""
    return {
        tuple(words[start:end])
        for words in clauses(text)
        for start in range(len(words))
        for end in range(start + 1, min(start + LONGEST_PHRASE, len(words)) + 1)
    }


def words_of(text: str) -> set[str]:
    """Returns the words of a text, in lower case."""
    return {word for words in clauses(text) for word in words}


def written(phrase: Phrase) -> str:
    """Returns a phrase as it stands in a text."""
    return "".join(
        word if number == 0 or (_unspaced(word) and _unspaced(phrase[number - 1])) else f" {word}"
        for number, word in enumerate(phrase)
    )


def stands_in(short: Phrase, long: Phrase) -> bool:
    """Says whether a phrase stands in another, or is it."""
    return any(long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1))


def clauses(text: str) -> Iterator[list[str]]:
    """Yields the words of each clause of a text, in lower case."""
    # Normal form would make a full-width comma one that ends no clause before a letter.
    for clause in _CLAUSE_END.split(text):
        yield _WORD.findall(unicodedata.normalize("NFKC", clause).lower())


def _unspaced(word: str) -> bool:
    return re.fullmatch(UNSPACED_CHARACTER, word) is not None
