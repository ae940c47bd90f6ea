"""What the client asks the search model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shelfwise_client.call import (
    FLOAT_ROWS,
    INT_ROWS,
    TEXT_ROWS,
    Call,
    Outputs,
    id_of,
    text_of,
    texts,
    without_padding,
)
from shelfwise_client.calls.filters import filter_inputs
from shelfwise_client.calls.products import PRODUCT_OUTPUTS, Answer
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import SEARCH_MODEL
from shelfwise_client.signature_names import EMBED, EXPLAIN, FILTERED

_FOUND_OUTPUTS = {**PRODUCT_OUTPUTS, "variants": INT_ROWS, "cluster_ids": INT_ROWS, "cluster_labels": TEXT_ROWS}
_WORD_OUTPUTS = {"words": TEXT_ROWS, "lexical": FLOAT_ROWS, "dense": FLOAT_ROWS}
_EMBED_OUTPUTS = {"embeddings": FLOAT_ROWS}


@dataclass(frozen=True)
class SearchAnswer(Answer):
    """A product that answers a query, with how many it stands for, itself included, and the group it belongs to."""

    variants: int
    cluster_id: int
    cluster_label: str


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
) -> Call[list[SearchAnswer]]:
    """Finds products by what people type.

    Args:
        query: Any text; of one with nothing that the model knows there is no answer.
        k: Products wanted; variants of one thing count once, as the model's configuration says what those are.
        category: Its first levels, joined by " > "; empty for any.
        max_price: Highest price; 0 for any. Products without a known price have none that is low enough.
        in_stock_only: Whether to leave out what is out of stock.
        exclude_ids: At most 100 products not to answer with.

    Returns:
        At most `k` products, the best first.

    Raises:
        ValueError: Too many ids are excluded.
        ServingError: The server did not answer.
    """
    inputs = {"query": texts([query]), **filter_inputs(k, category, max_price, in_stock_only, exclude_ids)}
    return Call(SEARCH_MODEL, FILTERED, inputs, _read_products, _FOUND_OUTPUTS)


def explain_search(query: str, product_id: str) -> Call[list[ExplainedWord]]:
    """Says what each word of a query adds to the score of a product, the strongest first; an unknown one has no words.

    Raises:
        ServingError: The server did not answer.
    """
    inputs = {"query": texts([query]), "product_id": texts([product_id])}
    return Call(SEARCH_MODEL, EXPLAIN, inputs, _read_words, _WORD_OUTPUTS)


def embed_query(query: str) -> Call[np.ndarray]:
    """Returns the vector of a query, float32 `(dimensions,)`.

    Raises:
        ServingError: The server did not answer.
    """
    return Call(
        SEARCH_MODEL, EMBED, {"query": texts([query])}, lambda outputs: outputs["embeddings"][0], _EMBED_OUTPUTS
    )


def _read_products(outputs: Outputs) -> list[SearchAnswer]:
    return [
        SearchAnswer(id_of(product_id), float(score), text_of(title), int(variants), int(cluster_id), text_of(label))
        for product_id, score, title, variants, cluster_id, label in without_padding(outputs, *_FOUND_OUTPUTS)
    ]


def _read_words(outputs: Outputs) -> list[ExplainedWord]:
    return [
        ExplainedWord(text_of(word), float(lexical), float(dense))
        for word, lexical, dense in without_padding(outputs, *_WORD_OUTPUTS)
    ]


class SearchCalls:
    """The methods of a client that ask the search model."""

    search = ClientMethod(search)
    explain_search = ClientMethod(explain_search)
    embed_query = ClientMethod(embed_query)
