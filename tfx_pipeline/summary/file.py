"""Reads and writes a run's summary.json; loads no TFX."""

from pathlib import Path

from pydantic import ValidationError

from components.errors import InputError
from tfx_pipeline.summary.model import VERSION, RunSummary

FILE_NAME = "summary.json"


def write_summary(root: Path, summary: RunSummary) -> Path:
    """Writes summary.json under `root`, whole or not at all."""
    file = root / FILE_NAME
    partial = file.with_suffix(".partial")
    # What was never set was not measured, and is left out.
    text = summary.model_dump_json(indent=2, exclude_unset=True)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.rename(file)
    return file


def read_summary(root: Path) -> RunSummary | None:
    """Returns the last run's summary, None where there was none.

    Raises:
        InputError: The file is not one of this version.
    """
    file = root / FILE_NAME
    if not file.exists():
        return None
    try:
        return RunSummary.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"{file}: expected a summary of version {VERSION}, but {place}: {first['msg']}; "
            "remove the file and run again"
        ) from error


def summary_of_run(root: Path) -> RunSummary:
    """Returns the last run's summary.

    Raises:
        InputError: There was no run, or its summary is not of this version.
    """
    summary = read_summary(root)
    if summary is None:
        raise InputError(
            f"{root}: there is no {FILE_NAME}; run the pipeline with `--root {root}` first, or name the root of a run"
        )
    return summary
