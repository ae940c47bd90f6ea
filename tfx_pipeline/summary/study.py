"""What a search for options has come to so far: a file that is whole after each trial."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

Value: TypeAlias = bool | int | float | str

_FILE = "study.json"
# Of the options as they are configured.
DEFAULTS: Mapping[str, Value] = {}


class Trial(BaseModel):
    """A trial that is done.

    Attributes:
        values: What was tried, by the options' keys; none for the options as they are configured.
        score: What it came to on the validation split; None where the training failed.
        seconds: How long it took.
        failure: Why it failed; empty where it did not.
    """

    model_config = ConfigDict(frozen=True)

    values: dict[str, Value]
    score: float | None
    seconds: float
    failure: str = ""


class Study(BaseModel):
    """The trials of a task.

    Attributes:
        task: The task.
        metric: What is to be high, as training.json has it.
        of: Digest of all that decides what a trial comes to, but the values: a study of something else begins anew.
        trials: Those that are done, in their order.
    """

    task: str
    metric: str
    of: str
    trials: list[Trial] = []

    def found(self, values: Mapping[str, Value]) -> Trial | None:
        """Returns the trial that has tried these values; None where none has."""
        return next((trial for trial in self.trials if trial.values == dict(values)), None)

    @property
    def best(self) -> Trial | None:
        """The trial with the highest score, of equal ones the first; None where all failed."""
        scored = [trial for trial in self.trials if trial.score is not None]
        return max(scored, key=lambda trial: trial.score or 0.0, default=None)

    def write(self, root: Path) -> None:
        """Writes the study below a run's root, whole or not at all."""
        path = study_path(root, self.task)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(self.model_dump(), indent=1), encoding="utf-8")
        partial.replace(path)


def study_path(root: Path, task: str) -> Path:
    """Returns where the study of a task stands."""
    return root / "tuning" / task / _FILE


def read_study(root: Path, task: str) -> Study | None:
    """Returns the study of a task; None where there is none."""
    path = study_path(root, task)
    return Study.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None
