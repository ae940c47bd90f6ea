"""The exported signatures against the shop worked out in plain Python."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.recommendation.catalogue import ServedCatalogue
from serving.recommendation.module import RecommendationModule
from serving.recommendation.together import ServedRules
from tests.serving.recommendation.small_shop import (
    DEFAULT_K,
    DIMENSIONS,
    ODD_IDS,
    Ask,
    PlainShop,
    assert_same,
    filtered_inputs,
    history_inputs,
    rows_of,
)

NAN = float("nan")

ASKS = [
    Ask(["P001", "P002"], ["view", "cart"], [900.0, 30.0]),
    Ask(
        ["P001", "", "gone", "P002", "牛奶", "P001"],
        ["view", "", "view", "purchase", "?", "cart"],
        [9e5, 0, 5, 8e4, NAN, -3],
    ),
    Ask(
        [f"P{number:03d}" for number in range(8)], ["purchase"] * 8, [float(800 - 100 * number) for number in range(8)]
    ),
    Ask(),
    Ask(["gone"], ["view"], [5.0]),
    Ask(["nul\0", "nul\0\0"], ["view", "view"], [10.0, 10.0]),
]
FILTERED = [
    Ask(["P001", "P002"], ["view", "purchase"], [900.0, 30.0], k=40),
    Ask(["P001", "P002"], ["view", "purchase"], [900.0, 30.0], k=7, include_bought=False),
    Ask(["P003"], ["cart"], [1.0], k=12, category="Home"),
    Ask(["P003"], ["cart"], [1.0], k=12, category="Home > Kitchen"),
    Ask(["P003"], ["cart"], [1.0], k=12, category="厨房 > 锅"),
    Ask(["P003"], ["cart"], [1.0], k=12, category="Hom"),
    Ask(["P003"], ["cart"], [1.0], k=12, max_price=20.0),
    Ask(["P003"], ["cart"], [1.0], k=12, max_price=NAN),
    Ask(["P003"], ["cart"], [1.0], k=12, max_price=-1.0),
    Ask(["P003"], ["cart"], [1.0], k=12, in_stock_only=True),
    Ask(["P003"], ["cart"], [1.0], k=12, exclude=["P003", "P004", "", "gone", *ODD_IDS]),
    Ask(k=12, category="Home", max_price=30.0, in_stock_only=True, exclude=["P001"]),
    Ask(["P003"], ["cart"], [1.0], k=0),
    Ask(["P003"], ["cart"], [1.0], k=-4),
    Ask([f"P{number:03d}" for number in range(8)], ["purchase"] * 8, [0.0] * 8, k=3, include_bought=False),
]


def call(model: Any, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    return model.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})


def test_serving_default(reloaded: Any, plain_shop: PlainShop) -> None:
    rows = rows_of(call(reloaded, "serving_default", history_inputs(ASKS)))
    for row, ask in zip(rows, ASKS, strict=True):
        assert_same(row, plain_shop.recommend(ask))
        assert len(row) == DEFAULT_K


def test_filtered(reloaded: Any, plain_shop: PlainShop) -> None:
    outputs = call(reloaded, "filtered", filtered_inputs(FILTERED))
    assert outputs["scores"].shape == (len(FILTERED), 40)
    for row, ask in zip(rows_of(outputs), FILTERED, strict=True):
        assert_same(row, plain_shop.recommend(ask))


def test_a_row_has_the_same_answer_alone_as_in_a_batch(reloaded: Any) -> None:
    together = rows_of(call(reloaded, "filtered", filtered_inputs(FILTERED)))
    for row, ask in zip(together, FILTERED, strict=True):
        assert_same(rows_of(call(reloaded, "filtered", filtered_inputs([ask])))[0], row)


def test_examples_with_histories_longer_than_a_request(reloaded: Any, plain_shop: PlainShop) -> None:
    asks = [*ASKS, Ask(["P005", "P006"] * 10, ["view", "cart"] * 10, [float(100 - place) for place in range(20)])]
    serialized = []
    for ask in asks:
        example = tf.train.Example()
        feature = example.features.feature
        feature["history_ids"].bytes_list.value.extend(product_id.encode() for product_id in ask.ids)
        feature["history_types"].bytes_list.value.extend(name.encode() for name in ask.types)
        feature["history_age_seconds"].float_list.value.extend(ask.ages)
        serialized.append(example.SerializeToString())
    rows = rows_of(call(reloaded, "examples", {"examples": np.array(serialized, object)}))
    for row, ask in zip(rows, asks, strict=True):
        assert_same(row, plain_shop.recommend(ask))


def test_similar_products(reloaded: Any, plain_shop: PlainShop) -> None:
    asked = ["P001", "gone", "", "nul\0", "😀🛒"]
    widths = [3, 5, 5, 50, 1]
    outputs = call(
        reloaded,
        "similar_products",
        {"product_id": np.array([text.encode() for text in asked], object), "k": np.array(widths, np.int32)},
    )
    for row, product_id, k in zip(rows_of(outputs), asked, widths, strict=True):
        if product_id not in plain_shop.place:
            assert row == []
            continue
        assert_same(row, plain_shop.similar(product_id, k))


def test_embed(reloaded: Any, plain_shop: PlainShop) -> None:
    embeddings = call(reloaded, "embed", history_inputs(ASKS))["embeddings"]
    for row, ask in zip(embeddings.numpy(), ASKS, strict=True):
        expected = plain_shop.user_vector(ask)
        np.testing.assert_allclose(row, np.zeros(DIMENSIONS) if expected is None else expected, atol=1e-4)


def test_titles_belong_to_the_products(reloaded: Any, plain_shop: PlainShop) -> None:
    outputs = call(reloaded, "filtered", filtered_inputs([Ask(k=40)]))
    for product_id, title in zip(outputs["product_ids"][0].numpy(), outputs["titles"][0].numpy(), strict=True):
        assert title.decode() == plain_shop.rows[plain_shop.place[product_id.decode()]]["title"]


@pytest.mark.parametrize("k", [0, -1])
def test_an_answer_may_have_no_columns(reloaded: Any, k: int) -> None:
    outputs = call(reloaded, "filtered", filtered_inputs([Ask(["P001"], k=k)]))
    assert {tuple(value.shape) for value in outputs.values()} == {(1, 0)}


def test_a_huge_k_gets_the_whole_catalogue_once(reloaded: Any) -> None:
    row = rows_of(call(reloaded, "filtered", filtered_inputs([Ask(["P001"], k=1_000_000)])))[0]
    assert len({product_id for product_id, _ in row}) == len(row) == 40


def test_no_rows_get_no_answers(reloaded: Any) -> None:
    assert call(reloaded, "filtered", filtered_inputs([]))["scores"].shape[0] == 0
    assert call(reloaded, "serving_default", history_inputs([]))["scores"].shape[0] == 0


def test_inputs_with_different_numbers_of_rows_are_refused(reloaded: Any) -> None:
    inputs = {**filtered_inputs(FILTERED), "max_price": np.zeros(1, np.float32)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="max_price must have as many rows"):
        call(reloaded, "filtered", inputs)


def test_every_input_has_the_rows_first_and_other_dimensions_fixed(reloaded: Any) -> None:
    for function in reloaded.signatures.values():
        for spec in function.structured_input_signature[1].values():
            assert spec.shape[0] is None
            assert all(size is not None for size in spec.shape[1:])


def catalogue(**changes: Any) -> ServedCatalogue:
    fields: dict[str, Any] = {
        "product_ids": [b"a", b"b"],
        "titles": [b"", b""],
        "categories": [b"", b""],
        "prices": [1.0, 2.0],
        "in_stock": [True, True],
        "popularity": [0.0, 0.0],
        "tower_vectors": np.eye(2),
        "linear_vectors": np.zeros((2, 0)),
        "text_vectors": np.zeros((2, 0)),
        "recommendable": [True, True],
        "thing_of_product": [0, 1],
    }
    return ServedCatalogue(**{**fields, **changes})


def module(served: ServedCatalogue, together: ServedRules | None = None) -> RecommendationModule:
    return RecommendationModule(
        served,
        event_types=["view"],
        bought_event_type="view",
        history_length=3,
        tower_history=2,
        default_k=9,
        user_encoder=lambda vectors, types, gaps, mask: vectors,
        together=together,
    )


def test_a_plain_function_may_be_the_user_encoder_and_popularity_all_zero() -> None:
    signatures = module(catalogue()).signatures()
    outputs = call(
        type("Model", (), {"signatures": signatures}),
        "serving_default",
        {
            "history_ids": np.array([[b"", b"b", b""], [b"", b"", b""]], object),
            "history_types": np.full((2, 3), b"", object),
            "history_age_seconds": np.zeros((2, 3), np.float32),
        },
    )
    np.testing.assert_array_equal(outputs["product_ids"], [[b"b", b"a"], [b"a", b"b"]])
    np.testing.assert_array_equal(outputs["scores"], [[1.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"titles": [b""]}, "one row a product"), ({"product_ids": [b"a", b"a"]}, "repeated")],
)
def test_a_catalogue_that_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        module(catalogue(**changes))


def test_what_is_never_recommended_is_in_no_answer_and_each_thing_comes_once() -> None:
    """Products 0 and 1 are one thing, of which 0 is never recommended; so is 5. Only `evaluate` ranks them all."""
    angles = np.array([0.0, 1.0, 2.4, 3.0, 4.0, 5.0]) / 6
    served = catalogue(
        product_ids=[b"a", b"b", b"c", b"d", b"e", b"f"],
        titles=[b""] * 6,
        categories=[b"Tea", b"Tea", b"Tea", b"Pots", b"Pots", b"Fuel"],
        prices=np.ones(6),
        in_stock=np.ones(6, bool),
        popularity=[9.0, 8.0, 7.0, 6.0, 5.0, 99.0],
        tower_vectors=np.stack([np.cos(angles), np.sin(angles)], axis=1),
        linear_vectors=np.zeros((6, 0)),
        text_vectors=np.zeros((6, 0)),
        recommendable=[False, True, True, True, True, False],
        thing_of_product=[0, 0, 1, 2, 2, 3],
    )
    rules = ServedRules(
        antecedent=[[1]] * 3, consequent=[5, 0, 3], confidence=[0.5] * 3, lift=[2.0] * 3, strength=[3.0, 2.0, 1.0]
    )
    model = type("Model", (), {"signatures": module(served, rules).signatures()})
    history = {
        "history_ids": np.array([[b"c", b"", b""], [b"", b"", b""]], object),
        "history_types": np.full((2, 3), b"", object),
        "history_age_seconds": np.zeros((2, 3), np.float32),
    }
    filters = {name: value[[0, 0]] for name, value in filtered_inputs([Ask(k=6)]).items() if name not in history}

    def ids(signature: str, inputs: dict[str, np.ndarray]) -> list[list[bytes]]:
        answers = call(model, signature, inputs)["product_ids"].numpy()
        return [[product for product in row if product] for row in answers]

    assert ids("serving_default", history) == [[b"c", b"d", b"b"], [b"b", b"c", b"d"]]
    assert ids("filtered", history | filters) == [[b"c", b"d", b"b"], [b"b", b"c", b"d"]]
    assert ids("filtered", history | filters | {"include_bought": np.zeros(2, bool)})[0] == [b"d", b"b"]
    assert ids("evaluate", history | filters)[1] == [b"f", b"a", b"b", b"c", b"d", b"e"]
    k = {"k": np.array([6, 6], np.int32)}
    assert ids("similar_products", {"product_id": np.array([b"b", b"e"], object)} | k) == [[b"c", b"d"], [b"c", b"b"]]
    basket = np.full((2, 10), b"", object)
    basket[0, 0] = b"b"
    assert ids("bought_together", {"product_ids": basket} | k) == [[b"d", b"c"], []]
    assert ids("complements", {"product_id": np.array([b"b", b"gone"], object)} | k) == [[b"d"], []]


def test_what_is_hidden_is_in_no_answer_until_it_is_taken_up_again() -> None:
    ids = [b"a", b"b", b"c", b"d", b"e"]
    module = RecommendationModule(
        ServedCatalogue(
            product_ids=ids,
            titles=[b""] * 5,
            categories=[b""] * 5,
            prices=np.ones(5),
            in_stock=np.ones(5, bool),
            popularity=np.arange(5),
            tower_vectors=np.eye(5, dtype=np.float32),
            linear_vectors=np.zeros((5, 0)),
            text_vectors=np.zeros((5, 0)),
            recommendable=np.array([True, True, True, True, False]),
            # b and c are one thing.
            thing_of_product=np.array([0, 1, 1, 2, 3]),
        ),
        event_types=["view", "purchase", "hide"],
        bought_event_type="purchase",
        rejecting_types=["hide"],
        history_length=4,
        tower_history=4,
        default_k=5,
        user_encoder=lambda vectors, types, gaps, mask: tf.cumsum(vectors, axis=1),
    )
    rows = [
        (["a", "b"], ["view", "hide"]),
        (["b", "b"], ["view", "hide"]),
        (["a", "b", "b"], ["view", "hide", "view"]),
        (["d"], ["hide"]),
        (["a", "b"], ["view", "view"]),
    ]
    asks = [Ask(products, kinds, [0.0] * len(products), k=5) for products, kinds in rows]
    inputs = history_inputs(asks, 4)
    answers = [{name for name, _ in row} for row in rows_of(module.recommend(**inputs))]
    # Of the thing that b and c are, one comes: the best, or any where nothing tells them apart.
    assert [{name.replace("c", "b") for name in names} for names in answers] == [
        {"a", "d"},
        {"a", "d"},
        {"a", "b", "d"},
        {"a", "b"},
        {"a", "b", "d"},
    ]
    filtered = module.recommend_filtered(**{**filtered_inputs(asks), **inputs})
    assert [{name for name, _ in row} for row in rows_of(filtered)] == answers
    # What was hidden says nothing of who hid it.
    plain = module.embed(**history_inputs([Ask(["a"], ["view"], [0.0])], 4))["embeddings"]
    np.testing.assert_array_equal(module.embed(**inputs)["embeddings"][0], plain[0])
    reasons = module.explain(**inputs, product_id=tf.constant([b"d"] * 5))
    np.testing.assert_allclose(reasons["score"], tf.reduce_sum(reasons["attributions"], 1), atol=1e-5)
