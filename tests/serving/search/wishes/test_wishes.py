"""Limits of queries over a small shop, beside what a person says of them."""

import math

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.index.lexical import LexicalIndex
from serving.search.reading import beginning
from serving.search.wishes.amounts import GRAMS, MILLILITRES, PIECES
from serving.search.wishes.denials import Denials
from serving.search.wishes.filter import WishFilter
from serving.search.wishes.reader import WishReader
from serving.search.wishes.refining import beside, refined
from serving.search.wishes.wish import Wish
from trainer.search.index.postings import build_postings
from trainer.search.index.wish_facts import wish_facts
from trainer.search.options import LexicalOptions

NAN = float("nan")
SHOP = [
    ("Red Wine, 750 ml", "Vineyard", 7.5),
    ("Sweet Red Wine, 1.5 L", "Vineyard", 12.0),
    ("Dark Chocolate, 100 g", "Choco & Co", 10.0),
    ("Sugar Free Chocolate, 3.5 oz", "Choco & Co", 4.0),
    ("Sugar Cookies, 12 ct", "Private", 3.0),
    ("Peanut Butter Cookies, 1 lb", "Private", NAN),
    ("Cat Food, 16 oz", "Private", 1.25),
    ("Puppy Food, 20 lb", "Private", 21.0),
    ("Under Eye Cream, 2 fl oz", "Glow", 15.0),
    ("Cola, 2 L", "Fizz", 2.0),
    ("7 Up, 12 pack", "Fizz", 6.0),
    ("50 to 1 Mix, 1/2 gal", "", 9.0),
    ("No Bake Cake", "Private", 5.0),
    ("Gluten Free White Bread", "Private", 5.0),
    ("牛奶 500毫升", "", 8.0),
    ("Brown Ale Beer, 6 ct", "Brewers", 7.0),
    ("Non-Alcoholic Beer, 6 ct (Ales)", "Brewers", 6.0),
]
TITLES = [title for title, _, _ in SHOP]
CATALOGUE = pa.table(
    {
        "title": TITLES,
        "brand": [brand for _, brand, _ in SHOP],
        "price": pa.array([price for _, _, price in SHOP], pa.float32()),
    }
)
FACTS = wish_facts(CATALOGUE, TITLES)
LEXICAL = LexicalIndex(build_postings(TITLES, LexicalOptions()))
DENIALS = Denials(FACTS, LEXICAL.size)
READER = WishReader(FACTS, LEXICAL, DENIALS)
ORDER = np.roll(np.arange(len(SHOP)), 3)
FILTER = WishFilter(FACTS, LEXICAL, DENIALS, np.arange(len(SHOP)), ORDER)
READ = tf.function(lambda query: READER.read(beginning(query)), input_signature=[tf.TensorSpec([None], tf.string)])
ALLOWED = tf.function(FILTER.allowed)


def read(*queries: str) -> Wish:
    return READ(tf.constant(queries))


def understood(query: str) -> str:
    said: bytes = read(query).understood.numpy()[0]
    return said.decode()


def left_of(query: str) -> str:
    left: bytes = read(query).text.numpy()[0]
    return left.decode()


def allowed(query: str) -> set[str]:
    mask = ALLOWED(read(query)).numpy()[0]
    return {TITLES[ORDER[place]] for place in np.flatnonzero(mask)}


@pytest.mark.parametrize(
    ("query", "said", "left"),
    [
        ("red wine under 10", "price at most 10", "red wine"),
        ("Red wine UNDER $10.50!", "price at most 10.50", "red wine !"),
        ("wine priced at less than 1,200 euros", "price at most 1200", "wine"),
        ("wine for under ten dollars please", "price at most 10", "wine please"),
        ("€5 or less chocolate", "price at most 5", "chocolate"),
        ("chocolate no more than 5", "price at most 5", "chocolate"),
        ("wine at least 10", "price at least 10", "wine"),
        ("wine over 10 under 20", "price at least 10; price at most 20", "wine"),
        ("wine between 5 and 10", "price 5 to 10", "wine"),
        ("wine from $5 to $10", "price 5 to 10", "wine"),
        ("$5-$10 wine", "price 5 to 10", "wine"),
        ("wine around 10 dollars", "price about 10", "wine"),
        ("wine for $10", "price at most 10", "wine"),
        ("cola under 50 cents", "price at most 50 cents", "cola"),
        ("红酒 十元以下", "price at most 10", "红酒"),
        ("不超过１０块的红酒", "price at most 10", "红酒"),
        ("10到20元之间的红酒", "price 10 to 20", "红酒"),
        ("至少10元的红酒", "price at least 10", "红酒"),
        ("cookies without sugar", "without: sugar", "cookies"),
        ("chocolate with no added sugar under 5", "without: sugar; price at most 5", "chocolate sugar free"),
        ("sugar free chocolate", "without: sugar", "chocolate sugar free"),
        ("dark chocolate for a gift, sugar-free", "without: sugar", "dark chocolate for a gift sugar free"),
        ("sugar free cookies", "without: sugar", "cookies"),
        ("sugar free", "without: sugar", "sugar free"),
        ("gluten free bread", "without: gluten", "bread gluten free"),
        ("beer without alcohol", "without: alcohol", "beer alcohol free"),
        ("nut free cookies", "without: nut", "cookies"),
        ("wine not too sweet", "without: sweet", "wine"),
        ("not sweet red wine", "without: sweet", "red wine"),
        ("cookies without peanut butter under 5", "without: peanut butter; price at most 5", "cookies"),
        ("cookies without nuts or sugar", "without: nuts, sugar", "cookies"),
        ("food for a cat", "for: cat", "food for a cat"),
        ("food for my little puppies", "for: puppies", "food for my little puppies"),
        ("private brand cookies", "brand: private", "cookies"),
        ("brand choco & co", "", "brand choco & co"),
        ("private label cookies", "brand: private", "cookies"),
        ("wine that isn’t sweet", "without: sweet", "wine"),
        ("cookies that don't contain sugar", "without: sugar", "cookies"),
        ("wine >= 10", "price at least 10", "wine"),
        ("half gallon mix", "size 0.5 gal", "mix"),
        ("2 liter cola", "size 2 l", "cola"),
        ("food at least 2 lb", "size at least 2 lb", "food"),
        ("soda 12-pack", "size 12 ct", "soda"),
        ("under 5", "price at most 5", "under 5"),
    ],
)
def test_what_is_understood(query: str, said: str, left: str) -> None:
    assert understood(query) == said
    assert left_of(query) == left


@pytest.mark.parametrize(
    "query",
    [
        "under eye cream",
        "hands free cookies",
        "gluten free cookies",
        "nut free peanut butter",
        "wine without alcohol",
        "sugar free sugar cookies",
        "7 up",
        "7-up",
        "50 to 1 mix",
        "no bake cake",
        "",
        "vitamins for women over 50",
        "toys for kids under 3",
        "bulb 60w",
        "juice under 10% sugar",
        "snack under 100 calories",
        "meals under 30 minutes",
        "size 4 shoes",
        "wine for 2",
        "over the counter",
        "non dairy creamer",
        "vitamin b12",
        "model 24-MB01",
        "3 gallon bucket",
        "ready in 5 minutes",
        "no such thing as gluttony",
        "不锈钢锅",
        "soup for dinner",
        "cat food",
        '"red wine under 10"',
        "Sugar Cookies, 12 ct",
        "cola, 2 l",
        "\0\x01\x02\x03|",
    ],
)
def test_what_is_no_limit_is_searched_for_as_it_was_typed(query: str) -> None:
    assert understood(query) == ""
    assert left_of(query) == beginning(tf.constant(query)).numpy().decode()
    assert allowed(query) == set(TITLES)


def test_sizes_are_read_from_titles() -> None:
    expected = {"Red Wine, 750 ml": 750.0, "Sweet Red Wine, 1.5 L": 1500.0, "Cola, 2 L": 2000.0, "牛奶 500毫升": 500.0}
    volumes = dict(zip(TITLES, FACTS.amounts[MILLILITRES].tolist(), strict=True))
    assert {title: volumes[title] for title in expected} == pytest.approx(expected)
    assert volumes["50 to 1 Mix, 1/2 gal"] == pytest.approx(3785.41 / 2)
    assert FACTS.amounts[GRAMS][TITLES.index("Peanut Butter Cookies, 1 lb")] == pytest.approx(453.592)
    assert FACTS.amounts[PIECES][TITLES.index("7 Up, 12 pack")] == 12.0
    assert math.isnan(FACTS.amounts[PIECES][0])


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        # Ten itself is not under ten.
        ("things under 10", [title for title, _, price in SHOP if price < 10]),
        ("things up to 10", [title for title, _, price in SHOP if price <= 10]),
        ("things between 5 and 10", [title for title, _, price in SHOP if 5 <= price <= 10]),
        ("things without sugar", [title for title in TITLES if title != "Sugar Cookies, 12 ct"]),
        ("things without chocolate", [title for title in TITLES if "Chocolate" not in title]),
        ("things without nuts", [title for title in TITLES if "Peanut" not in title]),
        ("things without peanut butter", [title for title in TITLES if "Peanut Butter" not in title]),
        ("chocolate without sugar", ["Dark Chocolate, 100 g", "Sugar Free Chocolate, 3.5 oz"]),
        ("sugar free chocolate under 5", ["Sugar Free Chocolate, 3.5 oz"]),
        ("beer without alcohol", ["Non-Alcoholic Beer, 6 ct (Ales)"]),
        ("things without red wine", [title for title in TITLES if "Red Wine" not in title]),
        ("food for a dog", ["Puppy Food, 20 lb"]),
        ("private brand food under 2", ["Cat Food, 16 oz"]),
        ("2 liter", ["Cola, 2 L"]),
        ("1 pound", ["Peanut Butter Cookies, 1 lb", "Cat Food, 16 oz"]),
        ("3.5 ounces", ["Dark Chocolate, 100 g", "Sugar Free Chocolate, 3.5 oz"]),
        ("12 pieces", ["Sugar Cookies, 12 ct", "7 Up, 12 pack"]),
        ("food of at least 2 kg", ["Puppy Food, 20 lb"]),
    ],
)
def test_what_keeps_within_limits(query: str, kept: list[str]) -> None:
    assert allowed(query) == set(kept)


def test_queries_of_a_batch_do_not_change_each_other() -> None:
    queries = ["red wine under 10", "cat food", "cookies without sugar or nuts", "food for a cat 16 oz", ""]
    together = read(*queries)
    masks = ALLOWED(together).numpy()
    for row, query in enumerate(queries):
        alone = read(query)
        for name in ("text", "rest", "understood", "low", "high", "brand"):
            assert np.array_equal(getattr(together, name).numpy()[row], getattr(alone, name).numpy()[0]), name
        assert np.array_equal(masks[row], ALLOWED(alone).numpy()[0])


@settings(deadline=None)
@given(low=st.integers(0, 30), high=st.integers(0, 30))
def test_any_span_of_prices_keeps_what_lies_in_it(low: int, high: int) -> None:
    expected = {title for title, _, price in SHOP if low <= price <= high}
    # A span that ends before it begins is none.
    assert allowed(f"things from ${low} to ${high}") == (expected if low <= high else set(TITLES))


@settings(deadline=None)
@given(st.text(alphabet="under 10$€,.-|\x02\x03/不要糖元no fr", max_size=40))
def test_whatever_is_typed_is_read(query: str) -> None:
    wish = read(query)
    assert (wish.low.numpy() <= wish.high.numpy()).all() or wish.understood.numpy()[0]


def test_a_shop_without_prices_knows_no_limit_of_them() -> None:
    catalogue = CATALOGUE.set_column(2, "price", pa.array([NAN] * len(SHOP), pa.float32()))
    reader = WishReader(wish_facts(catalogue, TITLES), LEXICAL, DENIALS)
    wish = reader.read(tf.constant(["red wine under 10", "wine under 10 without sugar"]))
    assert wish.understood.numpy().tolist() == [b"", b"without: sugar"]
    assert wish.text.numpy()[0] == b"red wine under 10"


@pytest.mark.parametrize(
    ("query", "earlier", "text", "said"),
    [
        ("under 5", "red wine under 10", "red wine", "price at most 5"),
        ("without sugar", "cookies under 4", "cookies", "price at most 4; without: sugar"),
        ("sweet ones", "red wine under 10", "red wine sweet", "price at most 10"),
        ("cat food", "red wine under 10", "cat food", ""),
        ("cheaper ones", "", "cheaper ones", ""),
        ("private brand", "cookies by the brand glow", "cookies", "brand: private"),
    ],
)
def test_what_a_query_adds_to_an_earlier_one(query: str, earlier: str, text: str, said: str) -> None:
    both = refined(read(query), read(earlier))
    assert both.wish.text.numpy()[0].decode() == text
    assert both.wish.understood.numpy()[0].decode() == said
    assert both.joins.numpy()[0] == (text != query)


def test_cheaper_is_below_the_middle_of_what_was_found() -> None:
    both = refined(read("cheaper ones", "more expensive"), read("red wine", "red wine"))
    wish = beside(both, tf.constant([[3.0, NAN, 9.0, 5.0], [3.0, NAN, 9.0, 5.0]]))
    assert wish.understood.numpy().tolist() == [b"price below 5.00", b"price above 5.00"]
    mask = ALLOWED(wish).numpy()
    kept = [{TITLES[ORDER[place]] for place in np.flatnonzero(row)} for row in mask]
    assert kept[0] == {title for title, _, price in SHOP if price < 5.0}
    assert kept[1] == {title for title, _, price in SHOP if price > 5.0}
    assert beside(both, tf.fill([2, 1], NAN)).understood.numpy().tolist() == [b"", b""]


def test_words_that_texts_deny() -> None:
    denied = dict(zip(FACTS.denied, np.split(FACTS.denied_texts, FACTS.denied_splits[1:-1]), strict=True))
    assert {word: [TITLES[text] for text in texts] for word, texts in denied.items()} == {
        b"alcohol": ["Non-Alcoholic Beer, 6 ct (Ales)"],
        b"alcoholic": ["Non-Alcoholic Beer, 6 ct (Ales)"],
        b"bake": ["No Bake Cake"],
        b"gluten": ["Gluten Free White Bread"],
        b"sugar": ["Sugar Free Chocolate, 3.5 oz"],
    }
