"""Damaged files of tables: what comes of one is rows, quarantined rows, or one error that says what to do."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, target

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.quarantine import quarantine_line
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.sources import TableSource
from components.tables.validation import CheckedRows, check_rows
from tests.components.tables.files.hostile_files import HostileFile, hostile_files
from tests.fuzz.memory import highest_memory
from tests.fuzz.minutes import Kind, fuzz

# Of the processor: the machine may be busy with something else.
SLOWEST_SECONDS, MOST_BYTES = 10.0, 300e6


def read(folder: Path, file: HostileFile) -> int:
    """Reads a file as a pipeline does; returns the rows that came of it, good or bad."""
    path = folder / file.name
    path.write_bytes(file.content)
    contract, options = TABLES[file.table], TableOptions()
    rows = 0
    for source in read_table(plan_table(contract, options, [TableSource(path=str(path), **file.said)])):
        checked = check_rows(contract, options, source.batch, time.time(), source.form)
        assert checked.good.num_rows + len(checked.bad_rows) + len(checked.returned_rows) == source.batch.num_rows
        for reason, detail, row in refused(source, checked):
            assert "\n" not in quarantine_line(file.table, reason, detail, row, "key")
        rows += source.batch.num_rows + len(source.broken)
    return rows


def refused(source: SourceBatch, checked: CheckedRows) -> Iterator[tuple[str, str, dict[str, Any]]]:
    raw = source.batch.take(pa.array(checked.bad_rows, pa.int64())).to_pylist()
    yield from ((reason, "", row) for reason, row in zip(checked.reasons, raw, strict=True))
    yield from ((broken.reason, broken.detail, broken.row) for broken in source.broken)


def check(folder: Path, file: HostileFile) -> None:
    began = time.process_time()
    with highest_memory() as more_bytes, contextlib.suppress(InputError):
        read(folder, file)
    seconds = time.process_time() - began
    target(seconds, label="seconds")
    target(float(more_bytes[0]), label="bytes")
    assert seconds < SLOWEST_SECONDS
    assert more_bytes[0] < MOST_BYTES


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(file=hostile_files())
def test_rows_or_one_error(tmp_path: Path, file: HostileFile) -> None:
    check(tmp_path, file)


@pytest.mark.long
def test_minutes_of_damaged_files(tmp_path: Path) -> None:
    fuzz([Kind(lambda file: check(tmp_path, file), hostile_files())], psutil.Process())
