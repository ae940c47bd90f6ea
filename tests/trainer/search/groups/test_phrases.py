"""Phrases of titles."""

import numpy as np

from serving.search.grouping.groups import LONGEST_LABEL
from trainer.search.groups.phrases import INNER_WORTH, MOST_PHRASES, LabelledPhrases, title_phrases


def labels_of(found: LabelledPhrases, title: int) -> set[str]:
    """How the phrases of a title are written."""
    return {found.labels[place] for place in found.phrases.of_text[title] if place >= 0}


def test_words_that_follow_each_other() -> None:
    found = title_phrases(["Soft White LED Bulb"] * 3)
    assert labels_of(found, 0) == {
        *("Soft", "Soft White", "Soft White LED", "White", "White LED", "White LED Bulb", "LED", "LED Bulb", "Bulb")
    }


def test_a_comma_or_a_number_parts_phrases_and_its_unit_begins_one() -> None:
    found = title_phrases(["Delta Faucet, 2-Handle Sink 12 Trim"] * 3)
    assert labels_of(found, 0) == {"Delta", "Delta Faucet", "Faucet", "2-Handle Sink", "Sink", "Trim"}


def test_words_between_and_negations() -> None:
    found = title_phrases(["Fan with Light not Included"] * 3)
    assert labels_of(found, 0) == {"Fan", "Fan with Light", "Light", "Included"}


def test_a_phrase_is_one_whatever_its_form_and_written_as_most_often() -> None:
    found = title_phrases(["Bulbs", "Bulbs", "Bulb", "BULB"])
    assert found.labels == ["Bulbs"]
    assert found.phrases.keys == [b"bulb"]
    assert found.phrases.of_text.tolist() == [[0]] * 4
    np.testing.assert_allclose(found.phrases.shares, [1.0])


def test_what_two_titles_have_is_no_phrase() -> None:
    assert title_phrases(["Rake a", "Rake b", "Hose"]).labels == []


def test_the_worth_says_how_often_a_name_ends_there() -> None:
    found = title_phrases(["Acme Rake", "Acme Rake, Red", "Acme Rake with Hose", "Acme Rake Set"])
    worth = dict(zip(found.labels, found.phrases.worths.tolist(), strict=True))
    np.testing.assert_allclose(worth["Acme"], INNER_WORTH)
    np.testing.assert_allclose(worth["Rake"], INNER_WORTH + (1.0 - INNER_WORTH) * 3 / 4)


def test_characters_without_spaces() -> None:
    found = title_phrases(["红茶包"] * 3)
    assert labels_of(found, 0) == {"红茶", "红茶包", "茶包"}


def test_labels_are_short_and_different() -> None:
    generator = np.random.default_rng(0)
    words = ["Led", "LED", "extraordinarily", "long-winded", "Descriptions", "é", "e", "other", "Tea"]
    found = title_phrases([" ".join(generator.choice(words, 8)) for _ in range(200)])
    lower = [label.lower() for label in found.labels]
    assert len(set(lower)) == len(lower)
    assert "other" not in lower
    assert max(map(len, lower)) <= LONGEST_LABEL
    assert found.phrases.of_text.shape[1] <= MOST_PHRASES
    assert len(found.labels) == len(found.phrases.keys) == len(set(found.phrases.keys))


def test_no_titles_with_words() -> None:
    found = title_phrases(["", "!!!"])
    assert found.labels == []
    assert found.phrases.of_text.tolist() == [[-1], [-1]]
