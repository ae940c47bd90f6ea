"""Options of WritingExamples; plain models that the configuration can import without TFX."""

from pydantic import Field, model_validator

from trainer.options import Options
from trainer.writing.options import DESCRIPTION, REPLY


class WritingSplitOptions(Options):
    """How texts are split, by sha256 of the product's title or of the question.

    Attributes:
        eval_fraction: Share that fine-tuning stops by.
        test_fraction: Share that the model is judged on.
        most_test: Texts that it is judged on at the most.
        most_known: Texts of the training split that are kept at the most, those of the lowest hash: what is learned
            from, and what like products are looked for in.
    """

    eval_fraction: float = Field(default=0.05, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    most_test: int = Field(default=100, ge=1)
    most_known: int = Field(default=20_000, ge=1)

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> "WritingSplitOptions":
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        return self


class WritingDataOptions(Options):
    """What texts are made of.

    Attributes:
        attributes: Columns of `products` beyond title, brand, category and price that the field `attributes` names,
            such as `colour` and `material`.
        known_texts: Whether `shelfwise write --out` also puts texts of like products right. What these say beyond the
            kinds of `checks.terms`, such as a neckline, is not looked at.
        split: How texts are split.
    """

    attributes: tuple[str, ...] = ()
    known_texts: bool = True
    split: WritingSplitOptions = WritingSplitOptions()


class WritingExamplesOptions(WritingDataOptions):
    """What WritingExamples reads.

    Attributes:
        kinds: The kinds of text that are configured, and the fields that each is made of.
    """

    kinds: dict[str, tuple[str, ...]]

    @property
    def product_kind(self) -> str | None:
        """The kind of text about products that is learned and judged: descriptions, if they are configured."""
        if DESCRIPTION in self.kinds:
            return DESCRIPTION
        return next((kind for kind in self.kinds if kind != REPLY), None)
