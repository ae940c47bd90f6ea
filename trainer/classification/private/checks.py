"""What a private training cannot have beside its steps."""

from trainer.classification.options import ClassifierOptions
from trainer.privacy.options import why_not_private


def check_private(options: ClassifierOptions, pretrained_uri: str | None, earlier_uri: str | None) -> None:
    """Refuses what would learn from the texts beside the steps that are counted, or in ways that are not.

    Args:
        options: Those of a training whose `privacy` is given.
        pretrained_uri: Of an encoder that was pretrained on the texts; None where it was not.
        earlier_uri: Of the classifier that an update starts from; None where it starts from nothing.

    Raises:
        ValueError: Something does.
    """
    wrong = why_not_private(
        text_training=options.text.training,
        copies=options.augmentation.min_label_texts + options.robustness.disguised_copies,
        pretrain_steps=pretrained_uri is not None,
        pictures=options.pictures is not None,
        wide=options.wide.enabled,
        pairs=options.few_shot == "contrastive",
    )
    if earlier_uri is not None:
        wrong = "an update would add to what was told of a text before; run `shelfwise run` instead"
    if wrong is not None:
        raise ValueError(f"`privacy` is given: {wrong}.")
