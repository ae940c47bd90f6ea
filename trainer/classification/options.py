"""Options of classifiers and their training; plain models that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field

from trainer.options import HardwareOptions, Options, PictureOptions, TextOptions, UpdateOptions
from trainer.privacy.options import PrivacyOptions

# As the name of a backbone: no BERT, the wide part alone.
NO_BACKBONE = "none"
FewShot = Literal["none", "auto", "contrastive"]


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


class RobustnessOptions(Options):
    """How a classifier is hardened against texts that were written to get past it.

    Attributes:
        undisguise: Whether texts are read with Latin letters for such as look like them, with drawn-out letters
            shortened and spelled-out words joined, in training and in the served graph alike.
        disguised_copies: Copies of each training text that are disguised: look-alikes, spaces in words, letters drawn
            out or swapped.
        disguised_share: Share of a copy's words, or letters, that are changed.
    """

    undisguise: bool = False
    disguised_copies: int = Field(default=0, ge=0, le=10)
    disguised_share: float = Field(default=0.3, gt=0.0, le=1.0)


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


class WideOptions(Options):
    """The wide part: a linear layer over hashed words, pairs of words and characters of a text.

    Attributes:
        enabled: Whether there is one. It counts as much as it helps on the validation split; the better side alone
            counts where both are hardly better.
        buckets: Hashes of n-grams at the most; with many labels there are fewer, so that the layer stays under 64 MiB.
        inverse_regularisation: The larger, the less the layer is regularised.
    """

    enabled: bool = True
    buckets: int = Field(default=2**20, ge=2**10)
    inverse_regularisation: float = Field(default=10.0, gt=0.0)


class SelfTrainingOptions(Options):
    """How the table `unlabelled_texts` is learned from: with the labels that the classifier gives the texts itself.

    Attributes:
        rounds: Trainings with such texts at the most, each with more of them; 0 leaves them out. It ends where the
            macro-F1 on the validation split falls, and what was best there is kept.
        share: Share of those texts that joins in the first round, the surest ones of each label, as many of each as its
            share of the labelled texts; in each round as many more.
        weight: What such a text counts beside a labelled one.
        most_texts: Texts of the table that are used at the most, by sha256.
    """

    rounds: int = Field(default=3, ge=0)
    share: float = Field(default=0.2, gt=0.0, le=1.0)
    weight: float = Field(default=0.3, gt=0.0, le=1.0)
    most_texts: int = Field(default=100_000, ge=1)


class ContrastiveOptions(Options):
    """How an encoder learns from pairs of texts before a head learns labels.

    Attributes:
        steps: Batches.
        batch_size: Texts of a batch, which are drawn in pairs of one label; an even number.
        temperature: Divides the cosines of texts.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
    """

    steps: int = Field(default=100, ge=1)
    batch_size: int = Field(default=32, ge=4, multiple_of=2)
    temperature: float = Field(default=0.1, gt=0.0)
    learning_rate: float = Field(default=5e-5, gt=0.0)


class ReweightingOptions(Options):
    """How groups of different sizes come to count alike in training; the summary says what that costs and brings.

    Attributes:
        column: Whose values are the groups, one of those that the evaluation is sliced by.
        strength: 1 has all groups count the same, 0 every example; between, a group counts by its size to the power of
            1 less this.
    """

    column: str
    strength: float = Field(default=1.0, gt=0.0, le=1.0)


class ClassifierOptions(Options):
    """Everything that training a classifier reads.

    Attributes:
        text: The encoder of texts, and how it is trained.
        head: What stands on top of it.
        training: How both are trained.
        augmentation: Copies of the texts of rare labels.
        update: What is other in an update.
        pictures: How pictures of texts become vectors; None where none are read.
        robustness: How it is hardened against disguised texts.
        privacy: How little is learned from any one text; None for a training that is not private.
        reweighting: How groups come to count alike; None where every text counts by itself. Then it is trained twice.
        layers: How many of BERT's last layers the text vector is of.
        wide: The wide part beside BERT, or alone where `text.backbone` is `none`.
        descriptions: What a label stands for, by label.
        self_training: How texts without labels are learned from.
        few_shot: `contrastive` teaches BERT on pairs of texts first, `auto` does where a label has few texts, and keeps
            what is better on the validation split, `none` does not.
        contrastive: How that is done.
    """

    text: TextOptions = TextOptions(training="full", sequence_length=128)
    head: HeadOptions = HeadOptions()
    training: ClassifierTrainingOptions = ClassifierTrainingOptions()
    augmentation: AugmentationOptions = AugmentationOptions()
    update: UpdateOptions = UpdateOptions()
    pictures: PictureOptions | None = None
    robustness: RobustnessOptions = RobustnessOptions()
    privacy: PrivacyOptions | None = None
    reweighting: ReweightingOptions | None = None
    layers: int = Field(default=1, ge=1)
    wide: WideOptions = WideOptions(enabled=False)
    descriptions: dict[str, str] = Field(default={})
    self_training: SelfTrainingOptions = SelfTrainingOptions()
    few_shot: FewShot = "none"
    contrastive: ContrastiveOptions = ContrastiveOptions()

    def found_at_once(self) -> bool:
        """Says whether the head is a logistic regression above several layers of a BERT that stays as it is."""
        linear = not self.head.units and self.training.loss == "cross_entropy"
        return self.text.training == "frozen" and self.layers > 1 and linear and self.privacy is None
