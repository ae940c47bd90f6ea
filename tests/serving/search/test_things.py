"""Answers that list each thing once, against a search of every product in plain Python."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from serving.search.module import SearchModule
from serving.search.ranking import Fusion
from tests.serving.search.random_shop import RandomShop, random_shop
from tests.serving.search.search_shop import BOTH, DENSE, LEXICAL, Search, search_inputs, texts

# Products, titles and texts a title; and what they are collapsed by in the default tests, as each pair is a model that
# takes seconds to trace.
SHAPES = {
    (1, 1, 1): ("title",),
    (60, 60, 1): ("none",),
    (80, 20, 3): ("title", "none", "parent_id"),
    (90, 4, 1): ("parent_id",),
    (95, 3, 30): ("title",),
}
QUERIES = ("green tea", "milks", "rye bread 3", "jam", "fig whole a1")


def answers(outputs: dict[str, Any]) -> list[list[tuple[str, float, str, int]]]:
    """Ids, scores, titles and variants of each row, without padding, which is checked."""
    rows = []
    columns = [np.asarray(outputs[name]) for name in ("product_ids", "scores", "titles", "variants")]
    for ids, scores, titles, variants in zip(*columns, strict=True):
        count = int((ids != b"").sum())
        assert (ids[count:] == b"").all()
        assert np.isneginf(scores[count:]).all()
        assert (titles[count:] == b"").all()
        assert (variants[count:] == 0).all()
        assert (variants[:count] > 0).all()
        rows.append(
            [
                (product_id.decode(), float(score), title.decode(), int(number))
                for product_id, score, title, number in zip(ids[:count], scores, titles, variants, strict=False)
            ]
        )
    return rows


def filtered(
    module: SearchModule, searches: list[Search], signature: Any = None
) -> list[list[tuple[str, float, str, int]]]:
    """The answers of `filtered`, as a traced signature where one is given."""
    inputs = {name: tf.constant(value) for name, value in search_inputs(searches).items()}
    return answers((signature or module.search_filtered)(**inputs))


def searches_in(shop: RandomShop, seed: int, count: int) -> list[Search]:
    """Random filters and k."""
    random = np.random.default_rng(seed)
    ids = shop.catalogue["product_id"].to_pylist()
    return [
        Search(
            str(random.choice(QUERIES)),
            k=int(random.choice([0, 1, 2, 5, 10, 60, len(ids)])),
            category=str(random.choice(["", "", "Food", "nothing"])),
            max_price=float(random.choice([0.0, 0.0, 2.0, 6.0])),
            in_stock_only=bool(random.integers(2)),
            exclude=[str(each) for each in random.choice(ids, random.integers(6))],
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("collapse", "products", "titles", "texts_a_title"),
    [
        pytest.param(collapse, *shape, marks=() if collapse in by_default else pytest.mark.long)
        for shape, by_default in SHAPES.items()
        for collapse in ("title", "none", "parent_id")
    ],
)
def test_the_best_things_whatever_the_filters(collapse: str, products: int, titles: int, texts_a_title: int) -> None:
    seed = products + titles
    shop = random_shop(seed, products, titles=titles, texts_a_title=texts_a_title, collapse=collapse, fusion=BOTH)
    module = shop.module()
    for batch in (1, 3):
        searches = searches_in(shop, seed + batch, batch)
        for search, answer in zip(searches, filtered(module, searches), strict=True):
            shop.check(search, answer)
    assert filtered(module, []) == []
    found = answers(module.search(tf.constant(texts(QUERIES))))
    for query, answer in zip(QUERIES, found, strict=True):
        shop.check(Search(query, k=10), answer)


@pytest.mark.parametrize("fusion", [DENSE, LEXICAL], ids=["dense", "lexical"])
@pytest.mark.parametrize("texts_a_title", [pytest.param(1, marks=pytest.mark.long), 500])
def test_five_hundred_products_of_a_title_hide_no_other(fusion: Fusion, texts_a_title: int) -> None:
    crowd = random_shop(5, 500, titles=1, texts_a_title=texts_a_title, collapse="title", fusion=fusion)
    (title,) = set(crowd.catalogue["title"].to_pylist())
    others = random_shop(6, 120, titles=40, texts_a_title=3, collapse="title", fusion=fusion).catalogue
    ids = pa.array([f"other {place:04d}" for place in range(len(others))])
    catalogue = pa.concat_tables([crowd.catalogue, others.set_column(0, "product_id", ids)])
    shop = RandomShop(catalogue, "title", fusion)
    module = shop.module()
    searches = [
        Search(title, k=10),
        Search(title, k=41),
        Search(title, k=10, in_stock_only=True, max_price=5.0),
        Search(title, k=10, category="nothing"),
        Search("oolong", k=30, exclude=["id 0000", "id 0499", "other 0003"]),
    ]
    for search, answer in zip(searches, filtered(module, searches), strict=True):
        shop.check(search, answer)
    signature = module.signatures("filtered")["filtered"]
    for search in searches:
        shop.check(search, filtered(module, [search], signature)[0])


def test_every_product_is_ranked_when_a_model_is_judged() -> None:
    shop = random_shop(3, 90, titles=9, texts_a_title=2, collapse="title", fusion=BOTH)
    found = shop.module().evaluate(tf.constant(texts(QUERIES)), tf.constant([90, 3, 0, 500, 1]))
    assert set(found) == {"product_ids", "scores"}
    ids = shop.catalogue["product_id"].to_pylist()
    for row, (query, k) in enumerate(zip(QUERIES, (90, 3, 0, 90, 1), strict=True)):
        scores = shop.scores(query)
        given = found["product_ids"][row].numpy()[:k]
        assert (found["product_ids"][row, k:].numpy() == b"").all()
        places = [ids.index(each.decode()) for each in given]
        assert len(set(places)) == k
        np.testing.assert_allclose(found["scores"][row, :k], np.sort(scores)[::-1][:k], atol=1e-4)
        np.testing.assert_allclose(found["scores"][row, :k], scores[places], atol=1e-4)
        # Products of one text come in the catalogue's order.
        texts_found = [shop.catalogue["text"][place].as_py() for place in places]
        for text in set(texts_found):
            alike = [place for place, each in zip(places, texts_found, strict=True) if each == text]
            assert alike == sorted(alike)


def test_a_product_that_is_named_stands_for_its_thing() -> None:
    shop = random_shop(8, 60, titles=5, texts_a_title=2, collapse="title", fusion=BOTH)
    module = shop.module()
    first, pair, other = filtered(
        module, [Search("id 0037"), Search("sku 00018"), Search("id 0037", k=60, exclude=["id 0037"])]
    )
    # Four more titles, each by its first product.
    assert first[0][0] == "id 0037"
    assert pair[0][0] in ("id 0036", "id 0037")
    assert "id 0037" not in {product_id for product_id, *_ in other}
    for answer in (first, pair, other):
        assert len({title for _, _, title, _ in answer}) == len(answer) == 5
        assert sum(variants for *_, variants in answer) == (60 if answer is not other else 59)
    (pair,) = filtered(shop.with_collapse("none").module(), [Search("sku 00018")])
    assert {product_id for product_id, *_ in pair[:2]} == {"id 0036", "id 0037"}


def test_titles_that_look_alike_are_one() -> None:
    titles = [
        "Café crème 1 l",
        "Cafe\u0301 cre\u0300me 1 l",
        "CAFÉ CRÈME 1 L ",
        "Café\u00a0crème  1\u200b l",
        "Ｃａｆé crème 1 l",
        "Cafe creme 1 l",
        "",
        " ",
        "\u200b",
        "Café crème 2 l",
    ]
    shop = random_shop(1, len(titles), titles=1, texts_a_title=1, collapse="title", fusion=BOTH)
    for name in ("title", "text"):
        place = shop.catalogue.column_names.index(name)
        shop = RandomShop(shop.catalogue.set_column(place, name, pa.array(titles)), "title", BOTH)
    (answer,) = filtered(shop.module(), [Search("creme", k=20)])
    assert sorted(variants for *_, variants in answer) == [1, 1, 1, 1, 1, 5]
    (answer,) = filtered(shop.with_collapse("none").module(), [Search("creme", k=20)])
    assert [variants for *_, variants in answer] == [1] * len(titles)
