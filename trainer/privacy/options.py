"""Options of private training; plain models that the configuration can import without TFX."""

from pydantic import Field

from trainer.options import Options

# Why there are no weights of groups beside a private training.
GROUPS_ARE_COUNTED = "`privacy` is given: weights of groups would tell how large these are; leave `reweighting` out"


class PrivacyOptions(Options):
    """How little a model may learn from any one user, or of any one example of nobody's (differential privacy, DP-SGD).

    Attributes:
        noise_multiplier: Deviation of the noise that each step adds to the sum of gradients, in units of `l2_clip`. The
            summary says what epsilon the steps come to; 0 adds none, and then nothing is private.
        l2_clip: Norm that the gradient of each user is cut to, all of their examples together. The default suits a head
            on a frozen BERT.
        delta: Chance that the promise of epsilon does not hold; take it well under 1 divided by the users.
    """

    noise_multiplier: float = Field(default=1.0, ge=0.0)
    l2_clip: float = Field(default=20.0, gt=0.0)
    delta: float = Field(default=1e-5, gt=0.0, lt=1.0)


class NetworkPrivacyOptions(PrivacyOptions):
    """How little a network that is trained whole may learn from any one user; see `PrivacyOptions`.

    Attributes:
        l2_clip: Norm that the gradient of each user is cut to, all of their examples together.
    """

    l2_clip: float = Field(default=1.0, gt=0.0)


def why_not_private(
    *, text_training: str, copies: int, pretrain_steps: bool, pictures: bool, wide: bool, pairs: bool
) -> str | None:
    """Returns which option would learn from texts beside the steps that are counted; None where none would.

    Args:
        text_training: Of the options of the same name.
        copies: Copies of texts, or texts that rare labels are filled up to with copies.
        pretrain_steps: Whether the encoder is pretrained on the texts.
        pictures: Whether pictures are learned from.
        wide: Whether there is a wide part.
        pairs: Whether pairs of texts teach the encoder first.
    """
    if text_training == "full":
        return "`text_training` is full; a private training is `frozen` or `lora`"
    if copies:
        return (
            "copies of a text would say more of it; leave `augmentation.min_label_texts` and "
            "`robustness.disguised_copies` 0"
        )
    if pretrain_steps:
        return "pretraining on the texts is not private; leave `pretrain_steps` 0"
    if pictures:
        return "what is learned from pictures is not private; leave `pictures` false"
    if wide:
        return "the wide part is not trained privately; set `wide.enabled` false"
    if pairs:
        return "pairs of texts are not learned from privately; leave `few_shot` auto"
    return None
