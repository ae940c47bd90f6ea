"""state.json: what an update starts from, of each task the last run that pushed its model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from components.errors import InputError
from tfx_pipeline.summary.json_file import read_document, write_document

FILE_NAME = "state.json"
# Versions that a model can be rolled back to with what an update starts from.
_KEPT = 10


class PartState(BaseModel):
    """What the last run left of a part of the pipeline.

    Attributes:
        tables: sha256 of each table that it read.
        outputs: URIs of what an update takes over, as `{"SearchTrainer.model": URI}`.
        earlier: The same of what this run itself had started from; empty where it began with nothing.
        pushed: Folder of the version that was pushed, or stood there already; empty for what is not served.
        counted: sha256 of each table that counts were renewed from since; none where they were not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[str, str]
    outputs: dict[str, str]
    earlier: dict[str, str] = {}
    pushed: str = ""
    counted: dict[str, str] = {}


class RunState(BaseModel):
    """What an update starts from.

    Attributes:
        version: Of this form.
        config: The configuration of the last run, which its updates have too.
        parts: Each task whose model was pushed by its name, and `products`.
        waiting: The same of tasks whose model waits for a person, by name; `pushed` is where it waits.
        before: What `parts` had of each task before, the latest last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    config: dict[str, Any]
    parts: dict[str, PartState]
    waiting: dict[str, PartState] = {}
    before: dict[str, list[PartState]] = {}

    def with_parts(self, parts: Mapping[str, PartState], waiting: Mapping[str, PartState] | None = None) -> "RunState":
        """Returns the same with some parts in place of what was there of them.

        What waited of a part that is served now waits no more.
        """
        waits = {name: part for name, part in self.waiting.items() if name not in parts} | dict(waiting or {})
        before = dict(self.before)
        for name, part in parts.items():
            old = self.parts.get(name)
            if old is not None and old.pushed and old.pushed != part.pushed:
                before[name] = [*before.get(name, []), old][-_KEPT:]
        return self.model_copy(update={"parts": {**self.parts, **parts}, "waiting": waits, "before": before})


def write_state(root: Path, state: RunState) -> None:
    """Writes state.json under `root`, whole or not at all."""
    write_document(root / FILE_NAME, state.model_dump_json(indent=1))


def read_state(root: Path) -> RunState | None:
    """Returns what is there to start from; None where nothing was pushed yet.

    Raises:
        InputError: The file is not one of this version.
    """
    expected = "what a run of this version writes"
    return read_document(root / FILE_NAME, RunState, expected, "remove the file and run `shelfwise run` again")


def state_of_run(root: Path) -> RunState:
    """Returns what is there to start from.

    Raises:
        InputError: Nothing was pushed yet.
    """
    state = read_state(root)
    if state is None:
        raise InputError(
            f"{root}: there is no {FILE_NAME}, so there is no pushed model to update; run `shelfwise run` with "
            f"`--root {root}` first"
        )
    return state
