"""What a run's nodes have noted and counted of its tables comes together."""

from pathlib import Path

from components.tables.quarantine import QuarantineCounts, write_quarantine_counts
from tfx_pipeline.local_runner import NodeResult, OutputArtifact
from tfx_pipeline.summary.model import TableCounts
from tfx_pipeline.summary.tables import quarantine_counts, quarantined, set_aside, table_counts, table_notes
from trainer.artifacts.json_files import write_json

READ = QuarantineCounts(
    table="events", rows=100, good=80, bad={"negative_price": 5}, set_aside={"return": 15}, notes=("Read.",)
)
JOINED = QuarantineCounts(table="events", rows=80, good=77, bad={"unknown_product": 3}, notes=("Joined.", "Read."))


def results(folder: Path) -> dict[str, NodeResult]:
    """A table that is read, its gate, and two tasks that join it."""
    made = {}
    for node, counts in (("EventsExampleGen", READ), ("SearchExamples", JOINED), ("RecommendationExamples", JOINED)):
        uri = folder / node
        uri.mkdir()
        write_quarantine_counts(str(uri), counts)
        made[node] = {"quarantine": OutputArtifact(uri=str(uri), properties={})}
    gate = folder / "EventsDataGate"
    gate.mkdir()
    write_json(f"{gate}/approval.json", {"notes": ["Looked at."]})
    made["EventsDataGate"] = {"approval": OutputArtifact(uri=str(gate), properties={})}
    made["Trainer"] = {}
    return {
        name: NodeResult(node_id=name, seconds=1.0, cached=False, outputs=outputs) for name, outputs in made.items()
    }


def test_each_note_is_told_once(tmp_path: Path) -> None:
    assert table_notes(results(tmp_path)) == ["Read.", "Joined.", "Looked at."]


def test_rows_are_those_that_were_read_first_and_count_once(tmp_path: Path) -> None:
    counts = quarantine_counts(results(tmp_path))
    assert counts == [READ, JOINED, JOINED]
    assert table_counts(counts) == {"events": TableCounts(rows=100, good=80)}
    # Both tasks refuse the same three events.
    assert quarantined(counts) == {"events": {"negative_price": 5, "unknown_product": 3}}
    assert set_aside(counts) == {"events": {"return": 15}}
    assert set_aside([JOINED]) == {}
