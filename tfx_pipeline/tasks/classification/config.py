"""What the configuration says of the task classification."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.classification.examples.options import TextSplitOptions
from components.classification.judging.gate_options import ClassificationGateOptions
from trainer.classification.options import (
    NO_BACKBONE,
    AugmentationOptions,
    ClassifierTrainingOptions,
    ContrastiveOptions,
    FewShot,
    HeadOptions,
    ReweightingOptions,
    RobustnessOptions,
    SelfTrainingOptions,
    WideOptions,
)
from trainer.options import Options
from trainer.pretraining.options import SCRATCH, PretrainingOptions
from trainer.privacy.options import GROUPS_ARE_COUNTED, PrivacyOptions, why_not_private

# Of masked-language modelling, where a BERT starts from nothing.
_SCRATCH_STEPS = 2_000
# What says how something is meant lies in several of the last layers, what it is about in the last one.
_FROZEN_LAYERS = 4


class ClassificationConfig(Options):
    """The task `classification`.

    Attributes:
        split: How labelled texts are split.
        backbone: Another backbone than `text.backbone` for these texts; `scratch`, which learns a vocabulary and
            pretrains a small BERT on the training texts, for a shop whose texts no pretrained BERT fits; or `none` for
            the wide part alone, which learns in seconds and answers fastest.
        pretrain_steps: Batches of masked-language modelling on the training texts before the labels are learned, at the
            most: it stops where the loss on the validation split falls no more. Left out: 0 for a pretrained backbone,
            2,000 for `scratch`.
        pretraining: How masked-language modelling is done, and the shape of the BERT of `scratch`.
        descriptions: What a label stands for, by label, as in `{late: My parcel has not come.}`. Each is learned from
            as a text of its label; and what BERT says by them alone stands beside the model, as the baseline
            `zero_shot`.
        text_training: How BERT is trained: `frozen` leaves it as it is, `lora` trains a small update of it, `full`
            trains all of it.
        text_layers: How many of BERT's last layers the text vector is of. Left out: 4 where BERT is `frozen`, else 1.
            With several layers of a frozen BERT, a head without `units` is found at once, by logistic regression, and
            the options of `training` about steps mean nothing.
        sequence_length: Tokens a text is cut to.
        head: What stands on top of the text vector.
        wide: The wide part beside BERT.
        training: How both are trained.
        few_shot: `contrastive` teaches BERT which texts are of one label before a head learns labels; `auto` tries that
            where BERT is `frozen` and a label has fewer than 50 texts, and keeps what has less loss on the validation
            split; `none` does not.
        contrastive: How that is done.
        self_training: How the table `unlabelled_texts` is learned from, where it is given.
        pictures: Whether the pictures that the column `image` of `texts` names are read too; `pictures.read` says that
            any are.
        augmentation: Changed copies of the training texts of rare labels.
        robustness: How the model is hardened against texts that were written to get past it.
        privacy: How little the model may learn from any one text (DP-SGD); left out, nothing is promised. A frozen BERT
            wants a `training.batch_size` of some 256 then, a `training.learning_rate` of some 0.003 and 20 epochs;
            `training.class_weights` are counted from the validation texts, which are promised nothing.
        reweighting: How groups of different sizes come to count alike in training; left out, every example counts by
            itself. It is trained twice then, and the summary says what the weights cost and bring.
        gate: What a model must reach to be blessed.
    """

    split: TextSplitOptions = TextSplitOptions()
    backbone: str | None = None
    pretrain_steps: Annotated[int, Field(ge=0)] | None = None
    pretraining: PretrainingOptions = PretrainingOptions()
    descriptions: dict[str, str] = Field(default={})
    text_training: Literal["frozen", "lora", "full"] = "full"
    text_layers: Annotated[int, Field(ge=1)] | None = None
    sequence_length: int = Field(default=128, ge=4, le=512)
    head: HeadOptions = HeadOptions()
    wide: WideOptions = WideOptions()
    training: ClassifierTrainingOptions = ClassifierTrainingOptions()
    few_shot: FewShot = "auto"
    contrastive: ContrastiveOptions = ContrastiveOptions()
    self_training: SelfTrainingOptions = SelfTrainingOptions()
    pictures: bool = False
    augmentation: AugmentationOptions = AugmentationOptions()
    robustness: RobustnessOptions = RobustnessOptions()
    privacy: PrivacyOptions | None = None
    reweighting: ReweightingOptions | None = None
    gate: ClassificationGateOptions = ClassificationGateOptions()

    def masked_language_steps(self) -> int:
        """Returns the batches of masked-language modelling that come before the labels."""
        if self.pretrain_steps is None:
            return _SCRATCH_STEPS if self.backbone == SCRATCH else 0
        return self.pretrain_steps

    def layers_read(self) -> int:
        """Returns how many of BERT's last layers the text vector is of."""
        if self.text_layers is None:
            return _FROZEN_LAYERS if self.text_training == "frozen" else 1
        return self.text_layers

    @model_validator(mode="after")
    def _learns_something(self) -> "ClassificationConfig":
        if self.backbone != NO_BACKBONE:
            return self
        if not self.wide.enabled:
            raise ValueError("`wide.enabled` is false; with `backbone: none` there is nothing else to learn")
        if self.pretrain_steps:
            raise ValueError("`pretrain_steps` needs a BERT to pretrain; `backbone` is `none`")
        return self

    @model_validator(mode="after")
    def _nothing_is_learned_beside_private_steps(self) -> "ClassificationConfig":
        wrong = why_not_private(
            text_training=self.text_training,
            copies=self.augmentation.min_label_texts + self.robustness.disguised_copies,
            pretrain_steps=self.masked_language_steps() > 0,
            pictures=self.pictures,
            wide=self.wide.enabled,
            pairs=self.few_shot == "contrastive",
        )
        if self.privacy is not None and wrong is not None:
            raise ValueError(f"`privacy` is given: {wrong}")
        if self.privacy is not None and self.reweighting is not None:
            raise ValueError(GROUPS_ARE_COUNTED)
        return self

    @model_validator(mode="after")
    def _learns_the_language_where_it_is_needed(self) -> "ClassificationConfig":
        if self.backbone == SCRATCH and self.masked_language_steps() == 0:
            raise ValueError("`pretrain_steps` is 0; a backbone from scratch knows nothing before it is pretrained")
        if self.augmentation.rewritten and self.masked_language_steps() == 0:
            raise ValueError("`augmentation.rewritten` needs a masked language model; set `pretrain_steps` too")
        return self
