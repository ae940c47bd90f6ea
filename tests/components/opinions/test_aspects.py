"""What a review talks about: phrases by hand."""

from components.opinions.aspects import Aspect, aspects_of, chosen, quotes_of, things_of


def test_things_are_what_follows_a_determiner() -> None:
    found = things_of("The cheap zipper broke, and it didn't close. My sister loves the zipper.")
    assert {phrase for phrase, named in found.items() if named} == {
        ("zipper", "broke"),
        ("broke",),
        ("zipper",),
        ("sister", "loves"),
        ("loves",),
    }
    assert ("cheap", "zipper") in found
    assert not any("didn't" in phrase for phrase in found)


def test_aspects_are_found_as_whole_phrases() -> None:
    text = "the battery life is short, and the life of it too"
    assert aspects_of(text, [("battery", "life"), ("life",), ("batter",)]) == {("battery", "life"), ("life",)}


def test_of_two_that_say_the_same_the_longer_one_is_kept() -> None:
    aspects = [
        Aspect(("life",), 10, 3, 5.0),
        Aspect(("battery", "life"), 9, 2, 4.5),
        Aspect(("lid",), 8, 1, 4.0),
        Aspect(("blue", "lid"), 2, 1, 3.0),
    ]
    assert [aspect.name for aspect in chosen(aspects)] == ["battery life", "lid"]


def test_quotes_are_whole_sentences() -> None:
    text = "Nice tea. The lid broke at once! Would not buy the lid again."
    assert list(quotes_of(text, [("lid",)])) == [
        (("lid",), "The lid broke at once!"),
        (("lid",), "Would not buy the lid again."),
    ]
