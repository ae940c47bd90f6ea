"""What the client asks the search model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shelfwise_client.call import (
    FLAG_ROWS,
    FLOAT_ROWS,
    INT_ROWS,
    ROW_FLAG,
    ROW_TEXT,
    TEXT_ROWS,
    Call,
    Outputs,
    Row,
    id_of,
    side_by_side,
    text_of,
    texts,
    without_padding,
)
from shelfwise_client.calls.filters import filter_inputs
from shelfwise_client.calls.history import history_inputs
from shelfwise_client.calls.products import PRODUCT_OUTPUTS, Answer
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import SEARCH_MODEL
from shelfwise_client.signature_names import BY_IMAGE, EMBED, EXPLAIN, FILTERED, PERSONAL, PRODUCT_FACTS, REFINED

_FOUND_OUTPUTS = {**PRODUCT_OUTPUTS, "variants": INT_ROWS, "cluster_ids": INT_ROWS, "cluster_labels": TEXT_ROWS}
# Models of earlier versions take a query as it is, and know no pins.
_UNDERSTOOD = {"understood": replace(ROW_TEXT, required=False)}
_REFINED = {"asked": replace(ROW_TEXT, required=False), "joined": replace(ROW_FLAG, required=False)}
_PINNED = {"pinned": replace(FLAG_ROWS, required=False)}
_WORD_OUTPUTS = {"words": TEXT_ROWS, "lexical": FLOAT_ROWS, "dense": FLOAT_ROWS}
_FACT_OUTPUTS = {"titles": TEXT_ROWS, "prices": FLOAT_ROWS}
_EMBED_OUTPUTS = {"embeddings": FLOAT_ROWS}


@dataclass(frozen=True)
class SearchAnswer(Answer):
    """A product that answers a query, with how many it stands for, itself included, and the group it belongs to.

    It is `pinned` where the merchant has put it in its place.
    """

    variants: int
    cluster_id: int
    cluster_label: str
    pinned: bool = False


class SearchAnswers(list[SearchAnswer]):
    """The products that answer a query, the best first.

    Args:
        products: The products.
        understood: The limits that the query was understood to have, in words such as "price at most 10"; several are
            joined by "; ", and "" stands for none.
        asked: What was searched for beside these limits; "" where the model does not say, as it does for an earlier
            query alone.
        joined: Whether the query was found to add to the earlier one.
    """

    def __init__(
        self, products: Iterable[SearchAnswer] = (), understood: str = "", asked: str = "", joined: bool = False
    ) -> None:
        super().__init__(products)
        self.understood, self.asked, self.joined = understood, asked, joined


@dataclass(frozen=True)
class ProductFacts:
    """What the catalogue says of a product; the price is None where it is not known."""

    product_id: str
    title: str
    price: float | None


@dataclass(frozen=True)
class ExplainedWord:
    """What a word of a query adds to the score of a product, by being in its text and by its meaning."""

    word: str
    lexical: float
    dense: float


def search(
    query: str,
    *,
    k: int = 10,
    category: str = "",
    max_price: float = 0.0,
    in_stock_only: bool = False,
    exclude_ids: Sequence[str] = (),
    earlier_query: str = "",
) -> Call[SearchAnswers]:
    """Finds products by what people type.

    Args:
        query: Any text; of one with nothing that the model knows there is no answer. Limits in it, such as "under 10"
            or "without sugar", hold for the answer; within quotation marks it is taken word by word.
        k: Products wanted; variants of one thing count once, as the model's configuration says what those are.
        category: Its first levels, joined by " > "; empty for any.
        max_price: Highest price; 0 for any. Products without a known price have none that is low enough.
        in_stock_only: Whether to leave out what is out of stock.
        exclude_ids: At most 100 products not to answer with.
        earlier_query: What was asked before, to which a query such as "cheaper ones" adds; empty for nothing.

    Returns:
        At most `k` products, the best first, with what was understood.

    Raises:
        ValueError: Too many ids are excluded.
        ServingError: The server did not answer.
    """
    inputs = {"query": texts([query]), **filter_inputs(k, category, max_price, in_stock_only, exclude_ids)}
    outputs = {**_FOUND_OUTPUTS, **_PINNED, **_UNDERSTOOD}
    if not earlier_query:
        return Call(SEARCH_MODEL, FILTERED, inputs, _read_answer, outputs)
    inputs["earlier_query"] = texts([earlier_query])
    return Call(SEARCH_MODEL, REFINED, inputs, _read_answer, {**outputs, **_REFINED})


def personal_search(
    query: str,
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
    *,
    k: int = 10,
    category: str = "",
    max_price: float = 0.0,
    in_stock_only: bool = False,
    exclude_ids: Sequence[str] = (),
) -> Call[SearchAnswers]:
    """Finds products by what people type, in an order for who asks; for a model that has learned from events.

    Args:
        query: As for `search`, and so are `k` and the filters.
        history_ids: Products of the user's events, the newest last, as for `recommend`; none leaves what everybody
            chooses.
        history_types: Event type of each; None leaves them unknown, which counts as bought.
        history_age_seconds: How long ago each was; None leaves them unknown.
        k: Products wanted.
        category: See `search`.
        max_price: See `search`.
        in_stock_only: See `search`.
        exclude_ids: See `search`.

    Returns:
        At most `k` products, the best first.

    Raises:
        ValueError: Lists of the history differ in length, or too many ids are excluded, or the model has not learned.
        ServingError: The server did not answer.
    """
    inputs = {
        "query": texts([query]),
        **filter_inputs(k, category, max_price, in_stock_only, exclude_ids),
        **history_inputs(history_ids, history_types, history_age_seconds),
    }
    return Call(SEARCH_MODEL, PERSONAL, inputs, _read_answer, {**_FOUND_OUTPUTS, **_PINNED, **_UNDERSTOOD})


def search_by_image(image: bytes, *, k: int = 10) -> Call[list[SearchAnswer]]:
    """Finds products that look like a picture, or are what it shows; for a model that was trained with pictures.

    Args:
        image: The bytes of a JPEG or PNG; the server refuses others, and those larger than the model's limits.
        k: Products wanted; variants of one thing count once, as the model's configuration says what those are.

    Returns:
        At most `k` products, the best first.

    Raises:
        ServingError: The server did not answer, or the bytes are no picture that it takes.
    """
    inputs = {"image": np.array([image], object), "k": np.array([k], np.int32)}
    return Call(SEARCH_MODEL, BY_IMAGE, inputs, _read_products, {**_FOUND_OUTPUTS, **_PINNED})


def explain_search(query: str, product_id: str) -> Call[list[ExplainedWord]]:
    """Says what each word of a query adds to the score of a product, the strongest first; an unknown one has no words.

    Raises:
        ServingError: The server did not answer.
    """
    inputs = {"query": texts([query]), "product_id": texts([product_id])}
    return Call(SEARCH_MODEL, EXPLAIN, inputs, _read_words, _WORD_OUTPUTS)


def product_facts(product_ids: Sequence[str]) -> Call[list[ProductFacts]]:
    """Says what the catalogue of the search model has of products, in their order, without those that it lacks.

    Args:
        product_ids: At most 100 products.

    Raises:
        ValueError: There are too many products.
        ServingError: The server did not answer.
    """

    def read(outputs: Outputs) -> list[ProductFacts]:
        rows = side_by_side(outputs, *_FACT_OUTPUTS)[: len(product_ids)]
        return [
            ProductFacts(product_id, text_of(title), _price(price))
            for product_id, (title, price) in zip(product_ids, rows, strict=True)
            if title or price >= 0.0
        ]

    return Call(SEARCH_MODEL, PRODUCT_FACTS, {"product_ids": Row(texts(product_ids))}, read, _FACT_OUTPUTS)


def embed_query(query: str) -> Call[np.ndarray]:
    """Returns the vector of a query, float32 `(dimensions,)`.

    Raises:
        ServingError: The server did not answer.
    """
    return Call(
        SEARCH_MODEL, EMBED, {"query": texts([query])}, lambda outputs: outputs["embeddings"][0], _EMBED_OUTPUTS
    )


def _read_answer(outputs: Outputs) -> SearchAnswers:
    understood, asked = (text_of(outputs[name][0]) if name in outputs else "" for name in ("understood", "asked"))
    return SearchAnswers(_read_products(outputs), understood, asked, "joined" in outputs and bool(outputs["joined"][0]))


def _price(price: np.float32) -> float | None:
    """Returns a price as the shortest number that is stored as it: 4.99, where float32 has 4.989999771."""
    return None if price < 0.0 else float(str(price))


def _read_products(outputs: Outputs) -> list[SearchAnswer]:
    pinned = outputs.get("pinned", np.zeros(outputs["product_ids"].shape, np.bool_))
    return [
        SearchAnswer(
            id_of(product_id), float(score), text_of(title), int(variants), int(cluster_id), text_of(label), bool(pin)
        )
        for product_id, score, title, variants, cluster_id, label, pin in without_padding(
            {**outputs, "pinned": pinned}, *_FOUND_OUTPUTS, *_PINNED
        )
    ]


def _read_words(outputs: Outputs) -> list[ExplainedWord]:
    return [
        ExplainedWord(text_of(word), float(lexical), float(dense))
        for word, lexical, dense in without_padding(outputs, *_WORD_OUTPUTS)
    ]


class SearchCalls:
    """The methods of a client that ask the search model."""

    search = ClientMethod(search)
    personal_search = ClientMethod(personal_search)
    search_by_image = ClientMethod(search_by_image)
    explain_search = ClientMethod(explain_search)
    product_facts = ClientMethod(product_facts)
    embed_query = ClientMethod(embed_query)
