"""Reads and writes a run's summary.json; loads no TFX."""

from pathlib import Path

from components.errors import InputError
from tfx_pipeline.summary.json_file import read_document, write_document
from tfx_pipeline.summary.model import VERSION, RunSummary

FILE_NAME = "summary.json"


def write_summary(root: Path, summary: RunSummary) -> Path:
    """Writes summary.json under `root`, whole or not at all."""
    # What was never set was not measured, and is left out.
    write_document(root / FILE_NAME, summary.model_dump_json(indent=2, exclude_unset=True))
    return root / FILE_NAME


def read_summary(root: Path) -> RunSummary | None:
    """Returns the last run's summary, None where there was none.

    Raises:
        InputError: The file is not one of this version.
    """
    expected = f"a summary of version {VERSION}"
    return read_document(root / FILE_NAME, RunSummary, expected, "remove the file and run again")


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
