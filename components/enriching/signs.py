"""What of a product speaks for a value that it lacks."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from components.products.reviews.phrases import FUNCTION_WORDS, clauses, written

BEGINS, TITLE, DESCRIPTION, FIELD = "title begins with", "title has", "description has", "is"
# Where the words of a title are the value itself.
NAMES = "title names"
_LONGEST = 3
# Of a description, what comes first says what a thing is; the rest would be most of the work.
_DESCRIPTION_WORDS = 40


class Sign(NamedTuple):
    """Something that a product has.

    Attributes:
        kind: Where it stands: `title begins with`, `title has`, `description has`, or a field's name and `is`.
        words: What stands there, in small letters.
    """

    kind: str
    words: str

    @property
    def evidence(self) -> str:
        """It in words, as a person reads it."""
        return f'{self.kind} "{self.words}"'


def signs_of(row: Mapping[str, Any], field: str, fields: Sequence[str]) -> set[Sign]:
    """Returns the signs of a product for one of its fields.

    Args:
        row: The product's values by column; what is missing is left out.
        field: The field that is to be filled: it is no sign of itself.
        fields: All fields that are looked at.
    """
    signs = set()
    title = [word for clause in clauses(row.get("title", "")) for word in clause]
    for length in range(1, min(_LONGEST, len(title)) + 1):
        signs.add(Sign(BEGINS, written(tuple(title[:length]))))
    for kind, column, most in ((TITLE, "title", None), (DESCRIPTION, "description", _DESCRIPTION_WORDS)):
        signs.update(Sign(kind, phrase) for phrase in _phrases(row.get(column, ""), most))
    for other in fields:
        if other != field and row.get(other):
            signs.add(Sign(f"{other} {FIELD}", row[other]))
    return signs


def names(sign: Sign, value: str) -> bool:
    """Returns whether a sign is that the title has the very value."""
    words = [word for clause in clauses(value) for word in clause]
    return sign.kind in (BEGINS, TITLE) and sign.words == written(tuple(words))


def _phrases(text: str, most: int | None) -> Iterator[str]:
    left = most
    for clause in clauses(text):
        words = clause if left is None else list(islice(clause, left))
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                if words[start] not in FUNCTION_WORDS and words[end - 1] not in FUNCTION_WORDS:
                    yield written(tuple(words[start:end]))
        if left is not None:
            left -= len(words)
            if left <= 0:
                return
