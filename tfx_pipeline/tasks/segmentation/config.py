"""What the configuration says of the task segmentation."""

from typing import Literal

from pydantic import Field

from components.segmentation.examples.options import SegmentOptions
from components.segmentation.judging.gate_options import SegmentationGateOptions
from trainer.options import Options
from trainer.segmentation.options import SegmentHeadOptions, SegmentTrainingOptions


class SegmentationConfig(Options):
    """The task `segmentation`.

    Attributes:
        segments: What a segment is, and which moments it is learned and tested at.
        event_types: Names of the event types.
        bought_event_type: The type that costs money.
        history_length: Latest events of a history.
        areas: First levels of categories that spend is told apart by.
        text_training: `frozen`, `lora` or `full`.
        sequence_length: Tokens that the behaviour's text is cut to.
        head: What stands on top of the text vector and the numbers.
        training: How both are trained.
        gate: What a model must reach to be blessed.
    """

    segments: SegmentOptions = SegmentOptions()
    event_types: tuple[str, ...] = Field(default=("view", "cart", "purchase"), min_length=1)
    bought_event_type: str = "purchase"
    history_length: int = Field(default=512, ge=1)
    areas: int = Field(default=12, ge=0)
    text_training: Literal["frozen", "lora", "full"] = "frozen"
    sequence_length: int = Field(default=64, ge=4, le=512)
    head: SegmentHeadOptions = SegmentHeadOptions()
    training: SegmentTrainingOptions = SegmentTrainingOptions()
    gate: SegmentationGateOptions = SegmentationGateOptions()
