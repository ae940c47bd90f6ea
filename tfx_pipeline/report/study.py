"""What the report shows of a search for options."""

from pathlib import Path
from typing import Any

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import UNKNOWN, Cell, Table, words_cell
from tfx_pipeline.summary.study import Study, read_study


def study_blocks(root: Path | None, task: str) -> list[Block]:
    """Returns the trials of a task; nothing where none were made."""
    study = None if root is None else read_study(root, task)
    if study is None:
        return []
    note = f"{len(study.trials)} trainings, by {study.metric} on the validation split."
    return [Block("Options that were tried", study_table(study), note=note)]


def study_table(study: Study) -> Table:
    """Returns the trials, the best first, with a column for each option."""
    keys = sorted({key for trial in study.trials for key in trial.values})
    rows = [
        [
            Cell(UNKNOWN if trial.score is None else f"{trial.score:.4f}", best=trial is study.best),
            Cell(f"{trial.seconds:.0f}"),
            *(words_cell(_shown(trial.values[key]) if key in trial.values else "as configured") for key in keys),
        ]
        for trial in sorted(study.trials, key=lambda each: -1.0 if each.score is None else each.score, reverse=True)
    ]
    return Table([study.metric, "seconds", *keys], rows)


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
