"""How much a table may change from run to run; a plain model that the configuration can import without TFX."""

from typing import Literal

from pydantic import Field

from trainer.options import Options


class DriftOptions(Options):
    """How much a column, or what a model says, may change from the last run to this one before it is said.

    Attributes:
        action: `warn` notes what changed by more than it may, `stop` refuses the table, `off` compares nothing. What
            models say is only noted: their gates refuse.
        numbers: Largest distance between the two distributions of a number, as Kolmogorov and Smirnov measure it: from
            0 for the same to 1. It is taken from deciles, so that a single outlier does not count.
        categories: Largest change of any value's share of the rows, in columns with up to 1,000 values.
        new_values: Share of the rows with a value that the last run's table did not have, in the same columns.
        missing: Largest change of the share of rows without a value.
        concentration: How many times the share of the rows may become that the busiest hundredth of the values has, in
            columns with 100 values or more, such as users.
        unknown: Largest change of the share of rows whose product the catalogue lacks.
        scores: Largest change of any label's share of what a task answers about its test.
        calibration: Largest change of a task's calibration error.
    """

    action: Literal["warn", "stop", "off"] = "warn"
    numbers: float = Field(default=0.1, gt=0.0, le=1.0)
    categories: float = Field(default=0.1, gt=0.0, le=1.0)
    new_values: float = Field(default=0.01, gt=0.0, le=1.0)
    missing: float = Field(default=0.05, gt=0.0, le=1.0)
    concentration: float = Field(default=1.5, gt=1.0)
    unknown: float = Field(default=0.02, gt=0.0, le=1.0)
    scores: float = Field(default=0.1, gt=0.0, le=1.0)
    calibration: float = Field(default=0.05, gt=0.0, le=1.0)
