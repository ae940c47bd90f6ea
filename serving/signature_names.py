"""Names of the served signatures, and of the inputs that several of them have; clients know them too."""

from shelfwise_client.signature_names import (
    BOUGHT_TOGETHER,
    COMPLEMENTS,
    EMBED,
    EVALUATE,
    EXAMPLES,
    EXPLAIN,
    FILTERED,
    HISTORY_INPUTS,
    RANK_OFFERS,
    SERVING_DEFAULT,
    SHOWN_INPUTS,
    SIGNATURE_DEF_FIELD,
    SIMILAR_PRODUCTS,
)

__all__ = [
    "BOUGHT_TOGETHER",
    "COMPLEMENTS",
    "EMBED",
    "EVALUATE",
    "EXAMPLES",
    "EXPLAIN",
    "FILTERED",
    "HISTORY_INPUTS",
    "RANK_OFFERS",
    "SERVING_DEFAULT",
    "SHOWN_INPUTS",
    "SIGNATURE_DEF_FIELD",
    "SIMILAR_PRODUCTS",
]
