"""The search signatures against the shop worked out in plain Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from serving.index.exact import ExactIndex
from serving.search.grouping.category_groups import MOST_GROUPS
from serving.search.grouping.groups import OTHER
from serving.search.module import SERVED_SIGNATURES, SearchModule
from serving.search.ranking import Fusion
from serving.search.reading import MAX_QUERY_CHARACTERS, MAX_QUERY_WORDS
from serving.search.wishes.patterns import MAYBE_LIMITED
from serving.signature_names import PERSONAL
from tests.serving.recommendation.small_shop import ODD_IDS, rows_of
from tests.serving.search.search_shop import (
    BOTH,
    DEFAULT_K,
    DENSE,
    LEXICAL,
    PRODUCTS,
    VOCABULARY,
    PlainSearch,
    Search,
    assert_best,
    search_inputs,
    texts,
)
from trainer.search.encoder import text_embedder
from trainer.search.export import text_hashes
from trainer.search.groups.names import group_names
from trainer.search.index.build import build_module
from trainer.search.index.postings import build_postings
from trainer.search.options import LexicalOptions, SearchServingOptions

NAN = float("nan")
ANSWERED = [
    "green tea",
    "Apples",
    "MILK 3/2",
    "milk milk milk",
    "牛奶",
    "红茶",
    "奶",
    "tea 牛奶 1/2",
    "Ｔｅａ",
    "kids cereal 1 1/2",
    "tea\n",
    "coffee\0\x01 cheese",
    "x",
    "unheardof words",
    "tea 😀",
    "cheese! - 'bread'",
]
UNANSWERED = ["", "   ", "\n\t", "🛒😀", "❤️", "!?… -- “”", "\0\x01\x02", "ሀሎ", "கடை", "\ufffd"]
# Ids of products, of which neither side knows a thing.
NAME_ALONE, LONG_NAME = "😀🛒", "x" * 300
NAMES = [
    "24-MB01",
    " 24MB01\n",
    "24.mb.01",
    "24 mb_01",
    "grosse l",
    "RED-TEA",
    "1-2",
    "1/2",
    "12",
    "4006381",
    "p003",
    "P 003",
    "P003 tea",
    "24-MB0",
    "é",
    "E",
    "with-space",
    "line\nbreak",
    LONG_NAME,
    NAME_ALONE,
]
FILTERED = [
    Search("green tea", k=PRODUCTS),
    Search("green tea", k=12, category="Home"),
    Search("green tea", k=12, category="Home > Kitchen"),
    Search("milk", k=12, category=" Home > Kitchen > Pots "),
    Search("milk", k=12, category="厨房 > 锅"),
    Search("milk", k=12, category="Hom"),
    Search("milk", k=12, category="No such > Category"),
    Search("cheese", k=PRODUCTS, max_price=20.0),
    Search("cheese", k=12, max_price=0.5),
    Search("cheese", k=12, max_price=NAN),
    Search("cheese", k=12, max_price=-1.0),
    Search("bread", k=PRODUCTS, in_stock_only=True),
    Search("bread", k=PRODUCTS, exclude=["P003", "P003", "", "gone", *ODD_IDS]),
    Search("牛奶", k=PRODUCTS, category="Home", max_price=30.0, in_stock_only=True, exclude=["P001"]),
    Search("tea", k=0),
    Search("tea", k=-4),
    Search("tea", k=1),
    Search("", k=12),
    Search("😀🛒", k=12, in_stock_only=True),
]


@pytest.fixture(scope="module")
def weighted(plain_search: PlainSearch) -> Callable[..., dict[str, Any]]:
    return plain_search.module().signatures("weighted")["weighted"]


@pytest.fixture(scope="module", params=[DENSE, LEXICAL], ids=["dense", "lexical"])
def one_side(request: pytest.FixtureRequest, plain_search: PlainSearch) -> tuple[Fusion, Any]:
    """A module with one side alone, and its fusion."""
    return request.param, plain_search.module(request.param).signatures("filtered")


def call(signatures: Any, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    return signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})


def expected_scores(plain: PlainSearch, search: Search, fusion: Fusion = BOTH) -> dict[str, float]:
    scores = plain.scores(search, fusion)
    if search.query in (*UNANSWERED, NAME_ALONE, LONG_NAME):
        named = plain.closeness(search.query) > 0
        return {product_id: score for product_id, score in scores.items() if named[plain.place[product_id]]}
    return scores


def test_serving_default(reloaded: Any, plain_search: PlainSearch) -> None:
    queries = [*ANSWERED, *UNANSWERED]
    outputs = call(reloaded.signatures, "serving_default", {"query": texts(queries)})
    assert outputs["scores"].shape == (len(queries), DEFAULT_K)
    for row, query in zip(rows_of(outputs), queries, strict=True):
        assert_best(row, expected_scores(plain_search, Search(query)), DEFAULT_K)


def test_filtered(reloaded: Any, plain_search: PlainSearch) -> None:
    outputs = call(reloaded.signatures, "filtered", search_inputs(FILTERED))
    assert outputs["scores"].shape == (len(FILTERED), PRODUCTS)
    for row, search in zip(rows_of(outputs), FILTERED, strict=True):
        assert_best(row, expected_scores(plain_search, search), search.k)


def test_one_side_alone(one_side: tuple[Fusion, Any], plain_search: PlainSearch) -> None:
    fusion, signatures = one_side
    searches = [*FILTERED, *(Search(query, k=PRODUCTS) for query in ANSWERED)]
    for row, search in zip(rows_of(call(signatures, "filtered", search_inputs(searches))), searches, strict=True):
        assert_best(row, expected_scores(plain_search, search, fusion), search.k)


def test_weighted_has_weights_for_each_row(weighted: Callable[..., Any], plain_search: PlainSearch) -> None:
    weights = [(1.0, 0.0), (0.0, 1.0), (1.0, 0.7), (0.3, 5.0), (2.0, 0.01), (1.0, 1.0)]
    rows = [(query, *pair) for query in ["green tea", "牛奶", "x", ""] for pair in weights]
    outputs = weighted(
        query=tf.constant([query for query, _, _ in rows]),
        k=tf.fill([len(rows)], PRODUCTS),
        dense=tf.constant([dense for _, dense, _ in rows]),
        lexical=tf.constant([lexical for _, _, lexical in rows]),
    )
    for row, (query, *fusion) in zip(rows_of(outputs), rows, strict=True):
        assert_best(row, expected_scores(plain_search, Search(query), Fusion(*fusion)), PRODUCTS)


def test_weighted_with_both_sides_off_finds_nothing(weighted: Callable[..., Any]) -> None:
    zero = tf.constant([0.0])
    outputs = weighted(query=tf.constant(["green tea"]), k=tf.constant([5]), dense=zero, lexical=zero)
    assert rows_of(outputs) == [[]]


def test_a_row_has_the_same_answer_alone_as_in_a_batch(reloaded: Any, plain_search: PlainSearch) -> None:
    for search in FILTERED[:4]:
        (row,) = rows_of(call(reloaded.signatures, "filtered", search_inputs([search])))
        assert_best(row, expected_scores(plain_search, search), search.k)


def test_a_noun_that_the_shop_lacks_is_read_as_its_own(reloaded: Any) -> None:
    called = {"NAPPIES": "green tea", "big nappy": "big green tea", "ice lollies red": "cheese red"}
    found = call(reloaded.signatures, "serving_default", {"query": texts([*called, *called.values()])})
    ids, scores = found["product_ids"], found["scores"]
    np.testing.assert_array_equal(ids[: len(called)], ids[len(called) :])
    np.testing.assert_allclose(scores[: len(called)], scores[len(called) :], atol=1e-5)


def test_a_product_is_found_by_its_id_or_sku(reloaded: Any, plain_search: PlainSearch) -> None:
    outputs = call(reloaded.signatures, "serving_default", {"query": texts(NAMES)})
    answers = dict(zip(NAMES, rows_of(outputs), strict=True))
    for query, row in answers.items():
        assert_best(row, expected_scores(plain_search, Search(query)), DEFAULT_K)
    ids = list(plain_search.place)
    # The exact one first, then those that are alike, then what shares words or meaning.
    assert answers["24-MB01"][0][0] == ids[3]
    assert answers[" 24MB01\n"][0][0] == ids[4]
    assert {product_id for product_id, _ in answers["24 mb_01"][:3]} == {ids[3], ids[4], ids[5]}
    assert answers["p003"][0][0] == answers["P 003"][0][0] == "P003"
    assert [answers[query][0][0] for query in ("é", "E")] == ["é", answers["E"][0][0]]
    assert answers["1-2"][0][0] == ids[8]
    # A query that only holds a code, or lacks a part of it, is read as words.
    raised = 1.0 + 4.0 * BOTH.dense
    assert all(answers[query][0][1] < raised for query in ("1/2", "12", "P003 tea", "24-MB0"))
    assert answers[NAME_ALONE] == [(NAME_ALONE, answers[NAME_ALONE][0][1])]


def test_filters_hold_for_a_product_that_is_named(reloaded: Any, plain_search: PlainSearch) -> None:
    ids = list(plain_search.place)
    searches = [
        Search("24-MB01", k=PRODUCTS, exclude=[ids[3]]),
        Search("24-MB01", k=PRODUCTS, category="Home > Kitchen"),
        Search("24mb01", k=PRODUCTS, in_stock_only=True, max_price=25.0),
        Search(NAME_ALONE, k=PRODUCTS, exclude=[NAME_ALONE]),
        *(Search(name, k=PRODUCTS, max_price=20.0) for name in NAMES),
    ]
    rows = rows_of(call(reloaded.signatures, "filtered", search_inputs(searches)))
    for row, search in zip(rows, searches, strict=True):
        assert_best(row, expected_scores(plain_search, search), search.k)
    assert rows[0][0][0] in (ids[4], ids[5])
    assert rows[3] == []


def test_titles_belong_to_the_products_and_groups_to_their_categories(reloaded: Any, plain_search: PlainSearch) -> None:
    outputs = call(reloaded.signatures, "filtered", search_inputs([Search("tea", k=PRODUCTS), Search("", k=PRODUCTS)]))
    columns = [outputs[name].numpy() for name in ("product_ids", "titles", "cluster_ids", "cluster_labels")]
    numbers: dict[bytes, int] = {}
    for product_id, title, cluster, label in zip(*(column[0] for column in columns), strict=True):
        place = plain_search.place[product_id.decode()]
        assert title.decode() == plain_search.rows[place]["title"]
        levels = (plain_search.rows[place]["category"] or "").split(" > ")
        assert label.decode() == OTHER or label.decode() in levels
        assert numbers.setdefault(label, cluster) == cluster
    assert sorted(numbers.values()) == [*range(len(numbers))]
    assert 1 < len(numbers) <= MOST_GROUPS
    for column, padding in zip(columns, (b"", b"", -1, b""), strict=True):
        assert all(value == padding for value in column[1])


@pytest.mark.parametrize("query", UNANSWERED)
def test_a_query_without_anything_known_has_no_answer(reloaded: Any, query: str) -> None:
    outputs = call(reloaded.signatures, "serving_default", {"query": texts([query])})
    assert rows_of(outputs) == [[]]
    assert outputs["scores"].shape == (1, DEFAULT_K)


def test_bytes_that_are_no_text(reloaded: Any, plain_search: PlainSearch) -> None:
    outputs = call(reloaded.signatures, "serving_default", {"query": texts([b"\xff\xfe", b"green \xfftea\xe7\x89"])})
    nothing, found = rows_of(outputs)
    assert nothing == []
    assert_best(found, plain_search.scores(Search("green tea")), DEFAULT_K)


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("green tea " * 10_000, "green tea " * (MAX_QUERY_WORDS // 2)),
        ("牛" * 100_000, "牛" * MAX_QUERY_WORDS),
        ("tea" + " " * 100_000 + "milk", "tea"),
    ],
)
def test_the_beginning_of_a_very_long_query_is_read(
    reloaded: Any, plain_search: PlainSearch, query: str, read: str
) -> None:
    (row,) = rows_of(call(reloaded.signatures, "filtered", search_inputs([Search(query, k=PRODUCTS)])))
    assert_best(row, plain_search.scores(Search(read)), PRODUCTS)


def test_what_stands_behind_the_beginning_is_not_read(reloaded: Any) -> None:
    outputs = call(reloaded.signatures, "serving_default", {"query": texts([" " * MAX_QUERY_CHARACTERS + "tea"])})
    assert rows_of(outputs) == [[]]


def test_a_huge_k_gets_the_whole_catalogue_once(reloaded: Any) -> None:
    (row,) = rows_of(call(reloaded.signatures, "filtered", search_inputs([Search("tea", k=1_000_000)])))
    assert len({product_id for product_id, _ in row}) == len(row) == PRODUCTS


@pytest.mark.parametrize("k", [0, -1])
def test_an_answer_may_have_no_columns(reloaded: Any, k: int) -> None:
    outputs = call(reloaded.signatures, "filtered", search_inputs([Search("tea", k=k)]))
    assert outputs.pop("understood").numpy().tolist() == [b""]
    assert {tuple(value.shape) for value in outputs.values()} == {(1, 0)}


def test_no_rows_get_no_answers(reloaded: Any) -> None:
    assert call(reloaded.signatures, "serving_default", {"query": texts([])})["scores"].shape == (0, DEFAULT_K)
    assert call(reloaded.signatures, "filtered", search_inputs([]))["scores"].shape[0] == 0
    nothing = {"query": texts([]), "product_id": texts([])}
    assert call(reloaded.signatures, "explain", nothing)["words"].shape[0] == 0


def test_inputs_with_different_numbers_of_rows_are_refused(reloaded: Any) -> None:
    inputs = {**search_inputs(FILTERED), "category": texts([""])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="category must have as many rows"):
        call(reloaded.signatures, "filtered", inputs)


def test_embed(reloaded: Any, plain_search: PlainSearch) -> None:
    queries = [*ANSWERED, *UNANSWERED]
    vectors = call(reloaded.signatures, "embed", {"query": texts(queries)})["embeddings"].numpy()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    for vector, query in zip(vectors, queries, strict=True):
        np.testing.assert_allclose(vector, plain_search.embed(query), atol=1e-4)


def test_an_update_of_the_catalogue_takes_over_encoder_and_vectors(
    reloaded: Any, plain_search: PlainSearch, tmp_path: Path
) -> None:
    vectors = reloaded.text_vectors(tf.range(PRODUCTS)).numpy()
    np.testing.assert_allclose(vectors, plain_search.vectors, atol=1e-5)
    updated = plain_search.module(embedder=reloaded.embedder, vectors=vectors)
    tf.saved_model.save(updated, str(tmp_path), signatures=updated.signatures("filtered"))
    loaded = tf.saved_model.load(str(tmp_path))
    searches = [*FILTERED, *(Search(query, k=PRODUCTS) for query in ANSWERED)]
    rows = rows_of(call(loaded.signatures, "filtered", search_inputs(searches)))
    before = rows_of(call(reloaded.signatures, "filtered", search_inputs(searches)))
    for row, old, search in zip(rows, before, searches, strict=True):
        assert_best(row, expected_scores(plain_search, search), search.k)
        np.testing.assert_allclose([score for _, score in row], [score for _, score in old], atol=1e-4)


def test_a_model_answers_before_it_is_saved_as_after(reloaded: Any, plain_search: PlainSearch) -> None:
    module: SearchModule = plain_search.module()
    inputs = {"query": texts([*ANSWERED, *UNANSWERED])}
    before = {name: value.numpy() for name, value in module.search(tf.constant(inputs["query"])).items()}
    after = call(reloaded.signatures, "serving_default", inputs)
    np.testing.assert_allclose(before["scores"], after["scores"], atol=1e-4)
    for name in ("product_ids", "titles", "cluster_ids", "cluster_labels"):
        assert before[name].shape == after[name].shape
    assert module.embed(tf.constant(["tea"]))["embeddings"].shape == (1, plain_search.vectors.shape[1])


def test_what_signatures_share_is_saved_once(exported_search: Path) -> None:
    """Four signatures read wishes, and TensorFlow 2.21 saves a traced function once more where a module holds it."""
    saved = saved_model_pb2.SavedModel.FromString((exported_search / "saved_model.pb").read_bytes())
    functions = saved.meta_graphs[0].graph_def.library.function
    patterns = [node.attr["pattern"].s.decode() for function in functions for node in function.node_def]
    assert patterns.count(MAYBE_LIMITED) == 1


def test_what_an_update_asks_of_a_saved_model_is_there(reloaded: Any, plain_search: PlainSearch) -> None:
    assert [product_id.decode() for product_id in reloaded.product_ids.numpy()] == list(plain_search.place)
    categories = [[row["category"]] if row["category"] else [] for row in plain_search.rows]
    np.testing.assert_array_equal(reloaded.text_hashes, text_hashes(plain_search.texts, categories))
    vocabulary = zip(reloaded.synonyms.nouns.numpy(), reloaded.synonyms.names.numpy(), strict=True)
    assert {noun.decode(): name.decode() for noun, name in vocabulary} == VOCABULARY.synonyms
    np.testing.assert_array_equal(reloaded.right_words, VOCABULARY.right)
    vectors, known = reloaded.embedder.embed(tf.constant(["tea", "ሀሎ", ""]))
    np.testing.assert_allclose(vectors[0], plain_search.embed("tea"), atol=1e-5)
    np.testing.assert_array_equal(known, [True, False, False])


@pytest.mark.parametrize(("products", "titles"), [(["only"], [""]), (["a", "b"], ["!!!", "😀"])])
def test_a_catalogue_without_any_word_is_found_by_meaning(
    plain_search: PlainSearch, products: list[str], titles: list[str]
) -> None:
    rows = len(products)
    catalogue = pa.table(
        {
            "product_id": products,
            "sku": [""] * rows,
            "title": titles,
            "category": [""] * rows,
            "price": pa.array([None] * rows, pa.float32()),
            "in_stock": pa.array([None] * rows, pa.bool_()),
            "text": titles,
        }
    )
    module = build_module(
        catalogue,
        embedder=text_embedder(plain_search.encoder),
        index=ExactIndex(plain_search.vectors[:rows]),
        postings=build_postings(titles, LexicalOptions()),
        known_words=np.zeros(0, np.int64),
        groups=group_names(titles, [""] * rows, np.arange(rows)),
        fusion=BOTH,
        options=SearchServingOptions(),
    )
    found = rows_of(module.search(tf.constant(["green tea", ""])))
    cosines = plain_search.vectors[:rows] @ plain_search.embed("green tea")
    assert_best(found[0], dict(zip(products, cosines.tolist(), strict=True)), rows)
    assert found[1] == []
    explanation = module.explain(tf.constant(["green tea"]), tf.constant([products[0]]))
    assert not np.any(explanation["lexical"])


def test_warm_up_requests_and_model_card_stand_beside_the_model(exported_search: Path, reloaded: Any) -> None:
    extra = exported_search / "assets.extra"
    assert json.loads((extra / "model_card.json").read_text()) == {"title": "Small shop 店"}
    requests = []
    for record in tf.data.TFRecordDataset(str(extra / "tf_serving_warmup_requests")).as_numpy_iterator():
        requests.append(prediction_log_pb2.PredictionLog.FromString(record).predict_log.request)
    assert {request.model_spec.name for request in requests} == {"search"}
    assert [request.model_spec.signature_name for request in requests] == [*SERVED_SIGNATURES, PERSONAL]
    for request in requests:
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        outputs = call(reloaded.signatures, request.model_spec.signature_name, inputs)
        assert {value.shape[0] for value in outputs.values()} == {2}
