"""Options of ClassificationExamples; plain models that the configuration can import without TFX."""

from pydantic import Field, model_validator

from trainer.options import Options


class TextSplitOptions(Options):
    """How labelled texts are split.

    Attributes:
        split_column: Column of the table that names the split of each text: `train`, `eval` or `test`. If no text is of
            `eval`, that split is taken out of `train` by sha256. Left out, all texts are split by sha256.
        eval_fraction: Share of the texts, by sha256, that training is validated on.
        test_fraction: Share of the texts, by sha256, that the model is judged on.
        min_label_texts: Distinct training texts that a label needs to be learned; rarer ones are left out.
    """

    split_column: str | None = None
    eval_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    min_label_texts: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> "TextSplitOptions":
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        return self


class ClassificationExamplesOptions(Options):
    """How the table `texts` becomes examples.

    Attributes:
        split: How they are split.
        slice_columns: Columns that the evaluation is sliced by.
        most_unlabelled: Texts without labels that are kept, about, by sha256.
    """

    split: TextSplitOptions = TextSplitOptions()
    slice_columns: tuple[str, ...] = ()
    most_unlabelled: int = Field(default=100_000, ge=1)
