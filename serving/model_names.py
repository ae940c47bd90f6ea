"""Names that the models are served under; clients know them too."""

from shelfwise_client.model_names import (
    CLASSIFICATION_MODEL,
    DEMAND_MODEL,
    RECOMMENDATION_MODEL,
    RESPONSE_MODEL,
    SEARCH_MODEL,
    SEGMENTATION_MODEL,
    SUPPORT_MODEL,
    WRITING_MODEL,
)

__all__ = [
    "CLASSIFICATION_MODEL",
    "DEMAND_MODEL",
    "RECOMMENDATION_MODEL",
    "RESPONSE_MODEL",
    "SEARCH_MODEL",
    "SEGMENTATION_MODEL",
    "SUPPORT_MODEL",
    "WRITING_MODEL",
]
