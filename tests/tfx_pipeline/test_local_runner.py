"""The local runner: progress, cache, failures, and where the logs go."""

import os
from pathlib import Path

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from tests.tfx_pipeline.small_components import Refuse, Write
from tfx_pipeline.local_runner import NodeFailed, NodeResult, run_locally
from tfx_pipeline.pipeline import fingerprint
from tfx_pipeline.terminal.logs import logs_in
from trainer.progress import Report


class Heard:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, node_id: str) -> None:
        self.lines.append(f"started {node_id}")

    def advanced(self, node_id: str, report: Report) -> None:
        self.lines.append(f"{node_id} at {report.done}")

    def finished(self, result: NodeResult) -> None:
        self.lines.append(f"finished {result.node_id}{' from the cache' if result.cached else ''}")

    def failed(self, node_id: str) -> None:
        self.lines.append(f"failed {node_id}")


def pipeline(root: Path, text: str, word: str = "nothing") -> Pipeline:
    write = Write(text=text)
    refuse = Refuse(written=write.outputs["written"], word=word)
    return Pipeline(
        pipeline_name="small",
        pipeline_root=str(root / "artifacts"),
        components=[write, refuse],
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
    )


def test_nodes_run_in_order_and_come_from_the_cache_the_second_time(tmp_path: Path) -> None:
    first, second, changed = Heard(), Heard(), Heard()
    results = run_locally(pipeline(tmp_path, "some text"), first)
    assert first.lines == ["started Write", "finished Write", "started Refuse", "finished Refuse"]
    assert Path(results["Write"].outputs["written"].uri, "text").read_text() == "some text"
    assert results["Write"].outputs["written"].properties["length"] == "9"
    again = run_locally(pipeline(tmp_path, "some text"), second)
    assert second.lines[1::2] == ["finished Write from the cache", "finished Refuse from the cache"]
    assert again["Write"].outputs == results["Write"].outputs
    run_locally(pipeline(tmp_path, "some text", word="other"), changed)
    assert changed.lines[1::2] == ["finished Write from the cache", "finished Refuse"]


def test_a_failed_node_is_named_and_what_was_done_is_kept(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="Refuse") as raised:
        run_locally(pipeline(tmp_path, "bad text", word="bad"), Heard())
    assert "the text holds bad" in str(raised.value.__cause__)
    heard = Heard()
    run_locally(pipeline(tmp_path, "bad text", word="good"), heard)
    assert heard.lines[1::2] == ["finished Write from the cache", "finished Refuse"]


def test_all_output_goes_into_the_log_but_the_terminal_stays_open(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logs_in(tmp_path / "logs" / "run.log") as terminal:
        os.write(2, b"from C++\n")
        os.write(1, b"from Python\n")
        terminal.write("for the person\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "for the person\nafter\n"
    assert (tmp_path / "logs" / "run.log").read_text() == "from C++\nfrom Python\n"


def test_the_fingerprint_is_of_all_properties(tmp_path: Path) -> None:
    same = fingerprint(pipeline(tmp_path, "a")), fingerprint(pipeline(tmp_path / "elsewhere", "a"))
    assert same[0] == same[1]
    assert fingerprint(pipeline(tmp_path, "b")) != same[0]
    assert fingerprint(pipeline(tmp_path, "a", word="x")) != same[0]
