"""What the nodes of a run have counted and noted of its tables."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from components.tables.quarantine import QuarantineCounts, read_quarantine_counts
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.summary.model import ColumnDrift, TableCounts
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import APPROVAL_FILE


def quarantine_counts(results: Mapping[str, NodeResult]) -> list[QuarantineCounts]:
    """Returns the counts of every quarantine, in the order of the nodes."""
    quarantines = (result.outputs["quarantine"] for result in results.values() if "quarantine" in result.outputs)
    return [read_quarantine_counts(quarantine.uri) for quarantine in quarantines]


def table_counts(quarantines: Iterable[QuarantineCounts]) -> dict[str, TableCounts]:
    """Returns the rows of each table that were read, and that were good when they were read."""
    tables: dict[str, TableCounts] = {}
    for counts in quarantines:
        # Nodes after the first one read what it left.
        if counts.table not in tables or counts.rows > tables[counts.table].rows:
            tables[counts.table] = TableCounts(rows=counts.rows, good=counts.good)
    return tables


def quarantined(quarantines: Iterable[QuarantineCounts]) -> dict[str, dict[str, int]]:
    """Returns the refused rows of each table, by reason."""
    return _by_table((counts.table, counts.bad) for counts in quarantines)


def set_aside(quarantines: Iterable[QuarantineCounts]) -> dict[str, dict[str, int]]:
    """Returns the rows of each table that are right but not used, by reason; tables without any are left out."""
    return _by_table((counts.table, counts.set_aside) for counts in quarantines if counts.set_aside)


def table_notes(results: Mapping[str, NodeResult]) -> list[str]:
    """Returns what the shop should know of its tables, in the order of the nodes; two tasks may have found the same."""
    notes = [note for counts in quarantine_counts(results) for note in counts.notes]
    for approval in _approvals(results):
        notes += approval["notes"]
    return list(dict.fromkeys(notes))


def table_drift(results: Mapping[str, NodeResult]) -> dict[str, list[ColumnDrift]]:
    """Returns how far the columns of each table have moved since the last run; tables without any are left out."""
    return {
        approval["table"]: [ColumnDrift.model_validate(each) for each in approval["drift"]]
        for approval in _approvals(results)
        if approval["drift"]
    }


def _approvals(results: Mapping[str, NodeResult]) -> Iterator[Any]:
    for result in results.values():
        if "approval" in result.outputs:
            yield read_json(f"{result.outputs['approval'].uri}/{APPROVAL_FILE}")


def _by_table(counts: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    tables: dict[str, dict[str, int]] = {}
    for table, found in counts:
        reasons = tables.setdefault(table, {})
        for reason, count in found.items():
            # Several tasks that read a table leave out the same rows for the same reason.
            reasons[reason] = max(reasons.get(reason, 0), count)
    return tables
