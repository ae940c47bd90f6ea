"""What the configuration says of the task segmentation."""

from typing import Literal, Self

from pydantic import Field, model_validator

from components.segmentation.examples.options import SegmentationDataOptions
from components.segmentation.judging.gate_options import SegmentationGateOptions
from components.segmentation.profiles.options import ProfileOptions
from trainer.classification.options import ReweightingOptions
from trainer.privacy.options import GROUPS_ARE_COUNTED, PrivacyOptions
from trainer.segmentation.options import SegmentHeadOptions, SegmentTrainingOptions


class SegmentationConfig(SegmentationDataOptions):
    """The task `segmentation`: what segments and histories are made of, and what follows.

    Attributes:
        text_training: How BERT is trained: `frozen` leaves it as it is, `lora` trains a small update of it, `full`
            trains all of it.
        sequence_length: Tokens that the behaviour's text is cut to.
        head: What stands on top of the text vector and the numbers.
        training: How both are trained.
        privacy: How little the model may learn from any one user (DP-SGD); left out, nothing is promised. A step draws
            `training.batch_size` users with all of their examples, and `l2_clip` cuts what these say together.
        reweighting: How groups of different sizes come to count alike in training; left out, every example counts by
            itself. It is trained twice then, and the summary says what the weights cost and bring.
        gate: What a model must reach to be blessed.
        profiles: What `users/profiles.parquet` says of each user.
    """

    text_training: Literal["frozen", "lora", "full"] = "frozen"
    sequence_length: int = Field(default=64, ge=4, le=512)
    head: SegmentHeadOptions = SegmentHeadOptions()
    training: SegmentTrainingOptions = SegmentTrainingOptions()
    privacy: PrivacyOptions | None = None
    reweighting: ReweightingOptions | None = None
    gate: SegmentationGateOptions = SegmentationGateOptions()
    profiles: ProfileOptions = ProfileOptions()

    @model_validator(mode="after")
    def _private_steps_know_what_is_trained(self) -> Self:
        if self.privacy is not None and self.text_training == "full":
            raise ValueError("`privacy` is given: `text_training` is full; a private training is `frozen` or `lora`")
        if self.privacy is not None and self.reweighting is not None:
            raise ValueError(GROUPS_ARE_COUNTED)
        return self
