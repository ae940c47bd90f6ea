"""Which texts queries are made of, and how many."""

import hashlib

import pyarrow as pa
import pytest

from components.search.examples.made_queries import texts_to_ask_for, usual_words
from components.search.examples.options import QueryOptions

TEXTS = [f"title {number % 40}" for number in range(100)]
CATALOGUE = pa.table({"text": TEXTS})


@pytest.mark.parametrize(
    ("most", "chosen", "per_text"), [(1_000, 40, 3), (120, 40, 3), (119, 40, 2), (79, 40, 1), (40, 40, 1), (7, 7, 1)]
)
def test_no_more_queries_are_made_than_the_options_say(most: int, chosen: int, per_text: int) -> None:
    made = texts_to_ask_for(CATALOGUE, QueryOptions(max_pseudo_queries=most))
    assert (len(made.texts), made.per_text) == (chosen, per_text)
    first = sorted(set(TEXTS), key=lambda text: hashlib.sha256(text.encode()).hexdigest())[:chosen]
    assert dict(made.texts) == {text: [row for row, other in enumerate(TEXTS) if other == text] for text in first}


def test_a_catalogue_without_texts_has_nothing_to_ask_for() -> None:
    assert not texts_to_ask_for(CATALOGUE.slice(0, 0), QueryOptions()).texts


def test_usual_words_are_in_two_texts_and_in_few_of_all() -> None:
    texts = [
        f"tea {'green' if number < 5 else 'black'} {'Jasmine,' if number < 2 else f'n{number}'}"
        for number in range(100)
    ]
    assert usual_words(texts) == {"green", "jasmine"}
    assert not usual_words([])
