"""What the client asks the recommendation model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shelfwise_client.call import (
    FLOAT_ROWS,
    TEXT_ROWS,
    Call,
    Outputs,
    Row,
    id_of,
    number_wanted,
    text_of,
    texts,
    without_padding,
)
from shelfwise_client.calls.filters import filter_inputs
from shelfwise_client.calls.history import history_inputs
from shelfwise_client.calls.products import PRODUCT_OUTPUTS, Answer, read_answers
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import RECOMMENDATION_MODEL
from shelfwise_client.signature_names import BOUGHT_TOGETHER, COMPLEMENTS, EMBED, EXPLAIN, FILTERED, SIMILAR_PRODUCTS

_RULE_OUTPUTS = {"product_ids": TEXT_ROWS, "titles": TEXT_ROWS, "confidence": FLOAT_ROWS, "lift": FLOAT_ROWS}
_SOURCE = "source"
_TOGETHER_OUTPUTS = {**_RULE_OUTPUTS, _SOURCE: replace(TEXT_ROWS, required=False)}
_REASON_OUTPUTS = {"reasons": TEXT_ROWS, "attributions": FLOAT_ROWS, "about_ids": TEXT_ROWS}
_EMBED_OUTPUTS = {"embeddings": FLOAT_ROWS}


@dataclass(frozen=True)
class TogetherAnswer:
    """A product that is bought together with others.

    Confidence is the share of the baskets with the others that hold it too; lift is that share divided by the product's
    share of all baskets. `source` says by what it was found: `product rules`, `category rules` (confidence and lift are
    then those of the baskets with another product of their category), or `towers`, which expect it next (both are then
    0). It is empty where an older model answers, which knows rules of products only.
    """

    product_id: str
    title: str
    confidence: float
    lift: float
    source: str = ""


@dataclass(frozen=True)
class RecommendationReason:
    """What speaks for a product, or against it where the attribution is negative.

    All attributions of a product add up to its score. `about_id` is the product of the history that the reason is
    about, empty where it is about none.
    """

    reason: str
    attribution: float
    about_id: str = ""


def recommend(
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
    *,
    k: int = 10,
    category: str = "",
    max_price: float = 0.0,
    in_stock_only: bool = False,
    exclude_ids: Sequence[str] = (),
    include_bought: bool = True,
) -> Call[list[Answer]]:
    """Recommends products to a user.

    Args:
        history_ids: Products of the user's events, the newest last; of a longer history than the model takes, the
            latest events are sent. None at all gives popular products.
        history_types: Event type of each; None leaves them unknown, which counts as bought.
        history_age_seconds: How long ago each was; None leaves them unknown.
        k: Products wanted.
        category: Its first levels, joined by " > "; empty for any.
        max_price: Highest price; 0 for any. Products without a known price have none that is low enough.
        in_stock_only: Whether to leave out what is out of stock.
        exclude_ids: At most 100 products not to recommend.
        include_bought: Whether products that the history says were bought may come again.

    Returns:
        At most `k` products, the best first.

    Raises:
        ValueError: Lists of the history differ in length, or too many ids are excluded.
        ServingError: The server did not answer.
    """
    inputs = {
        **history_inputs(history_ids, history_types, history_age_seconds),
        **filter_inputs(k, category, max_price, in_stock_only, exclude_ids),
        "include_bought": np.array([include_bought]),
    }
    return Call(RECOMMENDATION_MODEL, FILTERED, inputs, read_answers, PRODUCT_OUTPUTS)


def similar(product_id: str, k: int = 10) -> Call[list[Answer]]:
    """Finds the products that may stand for one; an unknown product has none.

    Args:
        product_id: The product.
        k: Products wanted.

    Raises:
        ServingError: The server did not answer.
    """
    inputs = {"product_id": texts([product_id]), "k": number_wanted(k)}
    return Call(RECOMMENDATION_MODEL, SIMILAR_PRODUCTS, inputs, read_answers, PRODUCT_OUTPUTS)


def bought_together(product_ids: Sequence[str], k: int = 10) -> Call[list[TogetherAnswer]]:
    """Finds what is bought together with some products; where all are unknown there is nothing.

    Args:
        product_ids: At most 10 products, in any order.
        k: Products wanted.

    Returns:
        At most `k` other products: those of rules of products, then those of rules of their categories, then what the
        towers expect, the strongest first.

    Raises:
        ValueError: There are too many products, or the model was exported without rules.
        ServingError: The server did not answer.
    """
    inputs: dict[str, np.ndarray | Row] = {"product_ids": Row(texts(product_ids)), "k": number_wanted(k)}
    return Call(RECOMMENDATION_MODEL, BOUGHT_TOGETHER, inputs, _read_together, _TOGETHER_OUTPUTS)


def complements(product_id: str, k: int = 10) -> Call[list[TogetherAnswer]]:
    """Finds what goes with a product and is of another category; an unknown product has none.

    Args:
        product_id: The product.
        k: Products wanted.

    Raises:
        ValueError: The model was exported without rules.
        ServingError: The server did not answer.
    """
    inputs = {"product_id": texts([product_id]), "k": number_wanted(k)}
    return Call(RECOMMENDATION_MODEL, COMPLEMENTS, inputs, _read_together, _TOGETHER_OUTPUTS)


def explain_recommendation(
    product_id: str,
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
) -> Call[list[RecommendationReason]]:
    """Says why a product is recommended, the strongest reason first; an unknown product has none.

    Args:
        product_id: The product.
        history_ids: As for `recommend`, and so are the others.
        history_types: See there.
        history_age_seconds: See there.

    Returns:
        At most ten reasons, and behind them all others in one, and what any product has.

    Raises:
        ValueError: Lists of the history differ in length.
        ServingError: The server did not answer.
    """
    inputs = {
        **history_inputs(history_ids, history_types, history_age_seconds),
        "product_id": texts([product_id]),
    }
    return Call(RECOMMENDATION_MODEL, EXPLAIN, inputs, _read_reasons, _REASON_OUTPUTS)


def embed(
    history_ids: Sequence[str],
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
) -> Call[np.ndarray]:
    """Returns the user vector of a history, float32 `(dimensions,)`; see `recommend` for the arguments."""
    inputs = history_inputs(history_ids, history_types, history_age_seconds)
    return Call(RECOMMENDATION_MODEL, EMBED, inputs, lambda outputs: outputs["embeddings"][0], _EMBED_OUTPUTS)


def _read_reasons(outputs: Outputs) -> list[RecommendationReason]:
    return [
        RecommendationReason(text_of(reason), float(attribution), id_of(about))
        for reason, attribution, about in without_padding(outputs, *_REASON_OUTPUTS)
    ]


def _read_together(outputs: Outputs) -> list[TogetherAnswer]:
    names = (*_RULE_OUTPUTS, *({_SOURCE} & set(outputs)))
    return [
        TogetherAnswer(id_of(product_id), text_of(title), float(confidence), float(lift), *map(text_of, source))
        for product_id, title, confidence, lift, *source in without_padding(outputs, *names)
    ]


class RecommendationCalls:
    """The methods of a client that ask the recommendation model."""

    recommend = ClientMethod(recommend)
    similar = ClientMethod(similar)
    bought_together = ClientMethod(bought_together)
    complements = ClientMethod(complements)
    explain_recommendation = ClientMethod(explain_recommendation)
    embed = ClientMethod(embed)
