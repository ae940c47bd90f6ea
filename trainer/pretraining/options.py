"""Options of learning a BERT from a shop's own texts; plain models that the configuration can import without TFX."""

from pydantic import Field, model_validator

from trainer.options import CheckpointOptions

SCRATCH = "scratch"


class PretrainingOptions(CheckpointOptions):
    """How a BERT learns the language of a shop's texts, before it learns their labels.

    The first five are for a BERT that starts from nothing; a pretrained one has a shape of its own.

    Attributes:
        vocabulary_size: Word pieces at the most.
        layers: Transformer layers.
        heads: Attention heads of each layer; divides `dimensions`.
        dimensions: Width of the vectors.
        min_texts: Distinct training texts that it takes at the least.
        batch_size: Texts a step.
        learning_rate: Peak of the schedule (linear warm-up, cosine decay).
        mask_fraction: Share of the word pieces that are hidden and to be found.
    """

    vocabulary_size: int = Field(default=8_000, ge=100)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    dimensions: int = Field(default=256, ge=8)
    min_texts: int = Field(default=1_000, ge=2)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0.0)
    mask_fraction: float = Field(default=0.15, gt=0.0, lt=1.0)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "PretrainingOptions":
        if self.dimensions % self.heads:
            raise ValueError(f"`heads` should divide `dimensions`; {self.heads} does not divide {self.dimensions}")
        return self
