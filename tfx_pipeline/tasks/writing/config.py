"""What the configuration says of the task writing."""

from pydantic import Field

from components.writing.examples.options import WritingDataOptions
from components.writing.judging.gate_options import WritingGateOptions
from trainer.writing.options import (
    DEFAULT_KINDS,
    CheckOptions,
    FineTuningOptions,
    LanguageModelOptions,
    TextKindOptions,
)


class WritingConfig(WritingDataOptions):
    """The task `writing`: what texts are made of, who writes them, and what they may say.

    Attributes:
        language: The language model, and how it is asked.
        kinds: Kinds of text by their names, beside or in place of `description`, `advertisement` and `reply`.
        checks: What a text may say.
        training: How the language model learns from the shop's own texts.
        gate: What a model must reach to be blessed.
    """

    language: LanguageModelOptions = LanguageModelOptions()
    kinds: dict[str, TextKindOptions] = Field(default={})
    checks: CheckOptions = CheckOptions()
    training: FineTuningOptions = FineTuningOptions()
    gate: WritingGateOptions = WritingGateOptions()

    @property
    def all_kinds(self) -> dict[str, TextKindOptions]:
        """All kinds of text by their names."""
        return {**DEFAULT_KINDS, **self.kinds}
