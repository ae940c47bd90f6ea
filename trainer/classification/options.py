"""Options of classifiers and their training; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field

from trainer.options import HardwareOptions, Options, TextOptions


class HeadOptions(Options):
    """What stands on top of the text vector.

    Attributes:
        units: Width of a hidden layer; 0 leaves it out, which suits a BERT that is trained with the head.
        dropout: Dropout rate before each layer.
    """

    units: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)


class AugmentationOptions(Options):
    """Changed copies of the training texts of rare labels.

    Attributes:
        min_label_texts: Training texts that every label is to have; 0 adds no copies.
        max_copies: Copies of one text at the most.
        word_dropout: Share of the words of a copy that are left out.
        swaps: Share of the words of a copy that change places with the next one.
        rewritten: Share of the word pieces of a copy that the masked language model writes anew, before the rest; it is
            learned where `pretrain_steps` are.
    """

    min_label_texts: int = Field(default=0, ge=0)
    max_copies: int = Field(default=4, ge=1)
    word_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    swaps: float = Field(default=0.1, ge=0.0, lt=1.0)
    rewritten: float = Field(default=0.0, ge=0.0, lt=1.0)


class ClassifierTrainingOptions(HardwareOptions):
    """How a classifier is trained; on what, `HardwareOptions` says.

    The defaults are for a BERT that is trained with the head. One that stays as it is wants a larger `learning_rate`
    (1e-3), LoRA a still larger one (3e-3), both more epochs.

    Attributes:
        loss: `cross_entropy`, or `focal`, which gives less weight to texts that are already classified well.
        focal_gamma: How much less weight (Lin et al., "Focal loss for dense object detection", ICCV 2017).
        class_weights: `balanced` gives every label the same weight in all, `none` every text; `square_root` lies
            between: rare labels are found more often, at a small cost in accuracy.
        label_smoothing: Share of the target that is spread over all labels.
        batch_size: Texts a step.
        max_epochs: Passes over the training texts at the most.
        patience: Epochs without a better macro-F1 on the validation split before training stops.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
        weight_decay: Decoupled weight decay of AdamW; biases and normalisations have none.
        clip_norm: Norm that the gradient is cut to.
    """

    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = Field(default=2.0, ge=0.0)
    class_weights: Literal["none", "square_root", "balanced"] = "none"
    label_smoothing: float = Field(default=0.05, ge=0.0, lt=1.0)
    batch_size: int = Field(default=32, ge=1)
    max_epochs: int = Field(default=4, ge=1)
    patience: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    clip_norm: float = Field(default=1.0, gt=0.0)


class ClassifierOptions(Options):
    """Everything that training a classifier reads.

    Attributes:
        text: The encoder of texts, and how it is trained.
        head: What stands on top of it.
        training: How both are trained.
        augmentation: Copies of the texts of rare labels.
    """

    text: TextOptions = TextOptions(training="full", sequence_length=128)
    head: HeadOptions = HeadOptions()
    training: ClassifierTrainingOptions = ClassifierTrainingOptions()
    augmentation: AugmentationOptions = AugmentationOptions()
