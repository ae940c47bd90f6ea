"""Nodes side by side in worker processes: order, failures, the cache, progress, and how they are stopped."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from tests.tfx_pipeline.running.meeting_components import Bad, Join, Killed, Meet, Wait
from tfx_pipeline.local_runner import NodeFailed, NodeResult, run_locally
from tfx_pipeline.running.side_by_side import run_side_by_side
from tfx_pipeline.workers.costs import Cost, NodeCosts
from tfx_pipeline.workers.memory import MemorySampler
from tfx_pipeline.workers.pool import WorkerPool
from trainer.progress import Report


class Heard:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.reports: dict[str, Report] = {}
        self.begun = threading.Event()

    def started(self, node_id: str) -> None:
        self.lines.append(f"started {node_id}")
        self.begun.set()

    def advanced(self, node_id: str, report: Report) -> None:
        self.reports[node_id] = report

    def finished(self, result: NodeResult) -> None:
        self.lines.append(f"finished {result.node_id}{' from the cache' if result.cached else ''}")

    def failed(self, node_id: str) -> None:
        self.lines.append(f"failed {node_id}")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2) as workers:
        yield workers


def pipeline(root: Path, *nodes: BaseNode) -> Pipeline:
    return Pipeline(
        pipeline_name="meeting",
        pipeline_root=str(root / "artifacts"),
        components=list(nodes),
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
    )


def run(root: Path, pool: WorkerPool, heard: Heard, *nodes: BaseNode, budget: int = 2**40) -> dict[str, NodeResult]:
    with MemorySampler() as memory:
        return run_side_by_side(
            pipeline(root, *nodes),
            heard,
            pool,
            memory=memory,
            costs=NodeCosts(root / "costs.json"),
            budget_bytes=budget,
        )


def meeting(folder: Path) -> tuple[BaseNode, BaseNode, BaseNode]:
    """Two nodes that each wait for the other to have begun, and one that reads what both wrote."""
    left = Meet(mine=str(folder / "left"), other=str(folder / "right")).with_id("Left")
    right = Meet(mine=str(folder / "right"), other=str(folder / "left")).with_id("Right")
    return left, right, Join(left=left.outputs["met"], right=right.outputs["met"])


def test_nodes_that_do_not_wait_for_each_other_meet(tmp_path: Path, pool: WorkerPool) -> None:
    heard, again = Heard(), Heard()
    results = run(tmp_path, pool, heard, *meeting(tmp_path))
    assert sorted(heard.lines[:2]) == ["started Left", "started Right"]
    assert heard.lines[-2:] == ["started Join", "finished Join"]
    joined = Path(results["Join"].outputs["joined"].uri, "text").read_text().split()
    # Each node has a process of its own, and none is this one.
    assert len({*joined, str(os.getpid())}) == 3
    assert heard.reports["Left"] == Report(done=1, total=2, unit="guests", note="waiting")
    assert all(result.peak_bytes > 50 * 2**20 for result in results.values() if result.peak_bytes is not None)
    assert all(result.cpu_seconds > 0 for result in results.values() if result.cpu_seconds is not None)
    costs = NodeCosts(tmp_path / "costs.json")
    assert costs.expected("Left") == Cost(round(results["Left"].seconds, 2), results["Left"].peak_bytes or 0)
    # What is in the cache needs no worker, not even one that is gone.
    cached = run(tmp_path, WorkerPool(2), again, *meeting(tmp_path))
    assert sorted(again.lines) == [f"finished {name} from the cache" for name in ("Join", "Left", "Right")]
    assert {name: each.outputs for name, each in cached.items()} == {
        name: each.outputs for name, each in results.items()
    }
    assert {each.peak_bytes for each in cached.values()} == {each.cpu_seconds for each in cached.values()} == {None}
    # One after another, in this process, all comes from the same cache.
    assert all(result.cached for result in run_locally(pipeline(tmp_path, *meeting(tmp_path)), Heard()).values())


def test_a_failure_lets_what_runs_end_and_begins_nothing(tmp_path: Path, pool: WorkerPool) -> None:
    (tmp_path / "costs.json").write_text('{"Bad": {"seconds": 100, "peak_bytes": 1}}')
    heard, bad = Heard(), Bad(mine=str(tmp_path / "bad"), other=str(tmp_path / "left"))
    left = Meet(mine=str(tmp_path / "left"), other=str(tmp_path / "bad")).with_id("Left")
    third = Wait(seconds=0.0, folder=str(tmp_path)).with_id("Third")
    after = Join(left=left.outputs["met"], right=left.outputs["met"])
    with pytest.raises(NodeFailed, match="Bad") as raised:
        # There is room for two: the third one waits for its turn when the first one fails.
        run(tmp_path, pool, heard, bad, left, third, after)
    assert (raised.value.cause.kind, raised.value.cause.message) == ("input", "the table is bad")
    assert "failed Bad" in heard.lines
    assert not [line for line in heard.lines if "Join" in line]
    assert ("finished Left" in heard.lines) == ("started Left" in heard.lines)
    if "finished Left" in heard.lines:
        later = Heard()
        run(tmp_path, pool, later, Meet(mine=str(tmp_path / "left"), other=str(tmp_path / "bad")).with_id("Left"))
        assert later.lines == ["finished Left from the cache"]


def test_a_killed_node_is_explained_and_its_worker_goes_on(tmp_path: Path, pool: WorkerPool) -> None:
    with pytest.raises(NodeFailed, match=r"memory ran out; set `local.workers: 1`"):
        run(tmp_path, pool, Heard(), Killed())
    assert list(run(tmp_path, pool, Heard(), *meeting(tmp_path)))[-1] == "Join"


def test_memory_that_does_not_last_for_two_keeps_them_apart(tmp_path: Path, pool: WorkerPool) -> None:
    nodes = [Wait(seconds=0.2, folder=str(tmp_path)).with_id(name) for name in ("One", "Two", "Three")]
    results = run(tmp_path, pool, Heard(), *nodes, budget=1)
    # Times of the nodes' own: that one has begun may be told before that another is published.
    times = [Path(each.outputs["waited"].uri, "text").read_text().split() for each in results.values()]
    first, second, third = sorted((float(began), float(ended)) for began, ended in times)
    assert first[1] <= second[0]
    assert second[1] <= third[0]


def test_an_interrupt_ends_every_node(tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()

    def interrupted(node_id: str, report: Report) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(heard, "advanced", interrupted)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, pool, heard, Wait(seconds=60.0, folder=str(tmp_path)).with_id("Long"))
    assert time.monotonic() - start < 10
    # It had begun to take away what it had written.
    assert (tmp_path / "interrupted").exists()
    assert not [child for child in psutil.Process().children(recursive=True) if child.name() == "Long"]
