"""The tasks of a run, and the options of each."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from tfx_pipeline.tasks.classification.config import ClassificationConfig
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from tfx_pipeline.tasks.search.config import SearchConfig
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig
from trainer.options import Options

TASK_NAMES = ("recommendation", "search", "classification", "segmentation")


class Tasks(Options):
    """The tasks to run; one that is absent is not run."""

    recommendation: Annotated[
        RecommendationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)
    search: Annotated[SearchConfig | None, BeforeValidator(lambda value: {} if value is None else value)] = Field(
        default=None, validate_default=False
    )
    classification: Annotated[
        ClassificationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)
    segmentation: Annotated[
        SegmentationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)

    def requested(self) -> tuple[str, ...]:
        """Returns the names of the tasks that are configured, in pipeline order."""
        return tuple(name for name in TASK_NAMES if getattr(self, name) is not None)
