"""Options of training segmentation; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field

from trainer.classification.options import ClassifierOptions, ClassifierTrainingOptions, HeadOptions


class SegmentationOptions(ClassifierOptions):
    """Everything that training segmentation reads.

    Attributes:
        history_length: Latest events of a history.
    """

    history_length: int = Field(default=512, ge=1)


class SegmentHeadOptions(HeadOptions):
    """What stands on top of the text vector and the numbers; see `HeadOptions`."""

    units: int = Field(default=64, ge=0)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)


class SegmentTrainingOptions(ClassifierTrainingOptions):
    """How segmentation is trained; see `ClassifierTrainingOptions`. The defaults are for a BERT that stays as it is."""

    class_weights: Literal["none", "square_root", "balanced"] = "square_root"
    batch_size: int = Field(default=128, ge=1)
    max_epochs: int = Field(default=30, ge=1)
    patience: int = Field(default=6, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0.0)
