"""Options of SupportExamples; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer.options import Options, TextField


class QuestionSplitOptions(Options):
    """How questions are split.

    Attributes:
        eval_fraction: Share of the questions, by sha256, that weights and threshold are learned on.
        test_fraction: Share of the questions, by sha256, that the model is judged on.
        split_column: Column of `answers` that names the split of each question, `train`, `eval` or `test`, in place of
            the hash.
    """

    eval_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    split_column: str | None = None

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> "QuestionSplitOptions":
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        return self


class SupportDataOptions(Options):
    """What is learned from.

    Attributes:
        split: How questions are split.
        agents: Who speaks for the shop in `dialogues`; all others are customers.
        dialogue_answers: Which turns of agents are answers: `known`, those that say what a row of `answers` says; or
            `all`. Turns may hold what concerns one customer alone: of `all`, any of them may be answered to another.
        product_texts: Columns of a product whose sentences are answers to a question about it.
    """

    split: QuestionSplitOptions = QuestionSplitOptions()
    agents: Annotated[tuple[str, ...], Field(min_length=1)] = ("agent",)
    dialogue_answers: Literal["known", "all"] = "known"
    product_texts: tuple[TextField, ...] = ("description", "review_phrases")


class SupportExamplesOptions(SupportDataOptions):
    """What SupportExamples reads.

    Attributes:
        wish_titles: Products whose titles are kept, to make wishes of.
    """

    wish_titles: int = Field(default=300, ge=1)
