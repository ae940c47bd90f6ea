"""TFX components: tables in, judged and pushed models out."""

from typing import Any

import trainer as trainer  # Chooses legacy Keras before TFX can touch TensorFlow's Keras.

_ARTIFACT_TYPES = (
    "AssociationRules",
    "Catalogue",
    "ClassificationEvaluation",
    "DataApproval",
    "DemandEvaluation",
    "DemandPlan",
    "Labels",
    "OfferAnswers",
    "PictureVectors",
    "Quarantine",
    "RankingEvaluation",
    "Segments",
    "TextVectors",
    "UserProfileRows",
)


def __getattr__(name: str) -> Any:
    """Finds an artifact type under its type name, loading TFX only then: client commands import this package too."""
    if name not in _ARTIFACT_TYPES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from components import artifacts

    return getattr(artifacts, name)
