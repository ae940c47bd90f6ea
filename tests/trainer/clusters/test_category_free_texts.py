"""Texts without the words of their categories."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.clusters.category_free_texts import without_category_words
from trainer.clusters.label_vocabulary import read_text_words


def test_words_of_the_category_are_taken_out():
    pairs = {
        ("Ground COFFEE, 1.5 oz (Best brand, Coffees)", "Grocery > Coffee"): "Ground 1.5 oz Best brand",
        ("Ground Coffee", ""): "Ground Coffee",
        ("Soaps/Scrubs-Masks 3-pack", "Scrub & Mask"): "Soaps 3 pack",
        ("男士运动鞋 42", "鞋 > 运动鞋"): "男士 42",
        ("", "Tea"): "",
    }
    texts, categories = zip(*pairs, strict=True)
    assert without_category_words(texts, categories) == list(pairs.values())


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=3))
def test_no_word_with_letters_of_the_category_is_left(pairs):
    texts, categories = zip(*pairs, strict=True)
    for text, category in zip(without_category_words(texts, categories), categories, strict=True):
        left, taken = (set(read_text_words([value]).vocabulary) for value in (text, category))
        assert not [word for word in left & taken if any(character.isalpha() for character in word)]
