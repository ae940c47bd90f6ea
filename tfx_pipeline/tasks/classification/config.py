"""What the configuration says of the task classification."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.classification.examples.options import TextSplitOptions
from components.classification.judging.gate_options import ClassificationGateOptions
from trainer.classification.options import AugmentationOptions, ClassifierTrainingOptions, HeadOptions
from trainer.options import Options
from trainer.pretraining.options import SCRATCH, PretrainingOptions

# Of masked-language modelling, where a BERT starts from nothing.
_SCRATCH_STEPS = 2_000


class ClassificationConfig(Options):
    """The task `classification`.

    Attributes:
        split: How labelled texts are split.
        backbone: Another backbone than `text.backbone` for these texts; or `scratch`, which learns a vocabulary and
            pretrains a small BERT on the training texts, for a shop whose texts no pretrained BERT fits.
        pretrain_steps: Batches of masked-language modelling on the training texts before the labels are learned. Left
            out: 0 for a pretrained backbone, 2,000 for `scratch`.
        pretraining: How masked-language modelling is done, and the shape of the BERT of `scratch`.
        text_training: How BERT is trained: `frozen` leaves it as it is, `lora` trains a small update of it, `full`
            trains all of it.
        sequence_length: Tokens a text is cut to.
        head: What stands on top of the text vector.
        training: How both are trained.
        augmentation: Changed copies of the training texts of rare labels.
        gate: What a model must reach to be blessed.
    """

    split: TextSplitOptions = TextSplitOptions()
    backbone: str | None = None
    pretrain_steps: Annotated[int, Field(ge=0)] | None = None
    pretraining: PretrainingOptions = PretrainingOptions()
    text_training: Literal["frozen", "lora", "full"] = "full"
    sequence_length: int = Field(default=128, ge=4, le=512)
    head: HeadOptions = HeadOptions()
    training: ClassifierTrainingOptions = ClassifierTrainingOptions()
    augmentation: AugmentationOptions = AugmentationOptions()
    gate: ClassificationGateOptions = ClassificationGateOptions()

    def masked_language_steps(self) -> int:
        """Returns the batches of masked-language modelling that come before the labels."""
        if self.pretrain_steps is None:
            return _SCRATCH_STEPS if self.backbone == SCRATCH else 0
        return self.pretrain_steps

    @model_validator(mode="after")
    def _learns_the_language_where_it_is_needed(self) -> "ClassificationConfig":
        if self.backbone == SCRATCH and self.masked_language_steps() == 0:
            raise ValueError("`pretrain_steps` is 0; a backbone from scratch knows nothing before it is pretrained")
        if self.augmentation.rewritten and self.masked_language_steps() == 0:
            raise ValueError("`augmentation.rewritten` needs a masked language model; set `pretrain_steps` too")
        return self
