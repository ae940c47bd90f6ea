"""Slices that a text itself tells, by hand."""

import pytest

from components.labels.slices import slice_columns, text_language, text_length


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Great phone, très bien!", "latin"),
        ("ＧＲＥＡＴ", "latin"),
        ("很好用，谢谢", "chinese"),
        ("iPhone 很好用的手机", "chinese"),
        ("とても良い商品です", "japanese"),
        ("東京タワー", "japanese"),
        ("ｶﾀｶﾅ", "japanese"),
        ("日本語", "chinese"),
        ("大韓民國 최고의 상품입니다", "korean"),
        ("Отличный телефон", "cyrillic"),
        ("منتج رائع", "arabic"),
        ("हिन्दी", "devanagari"),
        ("สินค้าดี", "thai"),
        ("good 很好", "mixed"),
        ("Great Отлично", "mixed"),
        ("5/5 !!! 👍", "none"),
        ("", "none"),
    ],
)
def test_the_script_of_the_letters_tells_the_language(text: str, language: str) -> None:
    assert text_language(text) == language


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", "short"),
        ("a" * 49, "short"),
        ("a" * 50, "medium"),
        ("a" * 199, "medium"),
        ("a" * 200, "long"),
        # Two columns each.
        ("好" * 24, "short"),
        ("好" * 25, "medium"),
        ("한" * 99 + "a", "medium"),
        ("の" * 100, "long"),
    ],
)
def test_a_wide_character_counts_twice(text: str, length: str) -> None:
    assert text_length(text) == length


def test_a_column_of_the_shop_takes_the_place_of_a_built_in_one() -> None:
    assert slice_columns(["text_length", "language"], ["shop"]) == ("text_length", "language", "shop")
    assert slice_columns(["text_length", "language"], ["language", "shop"]) == ("text_length", "language", "shop")
