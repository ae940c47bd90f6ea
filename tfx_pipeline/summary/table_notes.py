"""What the nodes of a run have counted and noted of its tables."""

from collections.abc import Mapping

from components.tables.quarantine import QuarantineCounts, read_quarantine_counts
from tfx_pipeline.local_runner import NodeResult
from trainer.artifacts.json_files import read_json
from trainer.artifacts.names import APPROVAL_FILE


def quarantine_counts(results: Mapping[str, NodeResult]) -> list[QuarantineCounts]:
    """Returns the counts of every quarantine, in the order of the nodes."""
    quarantines = (result.outputs["quarantine"] for result in results.values() if "quarantine" in result.outputs)
    return [read_quarantine_counts(quarantine.uri) for quarantine in quarantines]


def table_notes(results: Mapping[str, NodeResult]) -> list[str]:
    """Returns what the shop should know of its tables, in the order of the nodes; two tasks may have found the same."""
    notes = [note for counts in quarantine_counts(results) for note in counts.notes]
    for result in results.values():
        if "approval" in result.outputs:
            notes += read_json(f"{result.outputs['approval'].uri}/{APPROVAL_FILE}")["notes"]
    return list(dict.fromkeys(notes))
