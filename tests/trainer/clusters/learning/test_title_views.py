"""Views of titles are made of their words, in their order."""

import numpy as np
import pytest

from trainer.clusters.learning.title_views import title_view, title_views


@pytest.mark.parametrize(
    "text", ["Red wool scarf, 2 m (Best brand)", "one two", "男士运动鞋 透气", "tea, black, 20 ct"]
)
def test_views_leave_words_out_and_are_never_empty(text):
    random = np.random.default_rng(0)
    views = {title_view(text, random) for _ in range(200)}
    assert len(views) > 2 or text == "one two"
    for view in views:
        assert view
        remaining = iter(text.replace(" ", ""))
        assert all(character in remaining for character in view.replace(" ", ""))


@pytest.mark.parametrize("text", ["", "tea", "  "])
def test_what_has_no_two_words_stays(text):
    assert title_view(text, np.random.default_rng(0)) == text


def test_the_same_seed_makes_the_same_views():
    texts = [f"green tea number {number}" for number in range(50)]
    assert title_views(texts, 3) == title_views(texts, 3) != title_views(texts, 4)
