"""Options of RecommendationIndex; a plain model that the configuration can import without TFX."""

from typing import Any

from pydantic import Field

from trainer.options import Options
from trainer.recommendation.options import LeaveOutOptions, ServingOptions


class RecommendationIndexOptions(Options):
    """How item vectors are computed and the served model is exported.

    Attributes:
        serving: What the model is exported with.
        leave_out: Products that are never recommended.
        rows_at_once: Products that a worker turns into vectors at once.
        text_batch_size: Texts encoded at once, where the text encoder was trained.
        compared: Whether the parts of the model are exported too, for the Evaluator to compare with.
        model_card: What the model card says beside what this component knows itself (data counts, training, versions,
            limits); its keys win.
    """

    serving: ServingOptions
    leave_out: LeaveOutOptions = LeaveOutOptions()
    rows_at_once: int = Field(4096, ge=1)
    text_batch_size: int = Field(64, ge=1)
    compared: bool = True
    model_card: dict[str, Any] = Field(default_factory=dict)
