"""Runs the nodes of a pipeline on this machine, those that do not wait for each other side by side."""

import graphlib
import logging
import queue
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from tfx.orchestration.pipeline import Pipeline

from tfx_pipeline.local_runner import CompiledNodes, NodeFailed, NodeResult, Progress
from tfx_pipeline.workers.admission import Admission, NotBegun
from tfx_pipeline.workers.costs import Cost, NodeCosts
from tfx_pipeline.workers.failure_cause import find_cause
from tfx_pipeline.workers.memory import MemorySampler
from tfx_pipeline.workers.operator import SPECIFICATIONS, WorkerOperator
from tfx_pipeline.workers.pool import NodeError, WorkerPool
from tfx_pipeline.workers.slot import Begun, Message
from trainer.progress import Report

_LOG = logging.getLogger(__name__)


def run_side_by_side(
    pipeline: Pipeline,
    progress: Progress,
    pool: WorkerPool,
    *,
    memory: MemorySampler,
    costs: NodeCosts,
    budget_bytes: int,
) -> dict[str, NodeResult]:
    """Runs every node once all that it waits for is done.

    What a node computes, a worker process computes; what TFX notes of it in ML Metadata, this process notes, so that
    the database has one writer. A node from the cache needs no worker.

    Args:
        pipeline: What to run.
        progress: Hears of each node, on the calling thread.
        pool: The worker processes.
        memory: Measures what each node takes.
        costs: What each node is expected to take.
        budget_bytes: Memory that nodes may be expected to take together.

    Returns:
        The result of each node, by node id, in the order in which they ended.

    Raises:
        NodeFailed: A node failed. Those beside it were waited for, no other was begun; what is done will be taken from
            the cache next time.
    """
    nodes = CompiledNodes(pipeline)
    downstream: dict[str, set[str]] = {node_id: set() for node_id in nodes.node_ids}
    for node_id, before in nodes.upstream.items():
        for other in before:
            downstream[other].add(node_id)
    admission = Admission(
        workers=pool.workers, budget_bytes=budget_bytes, costs=costs, ways=costs.seconds_to_the_end(downstream)
    )
    return _Run(nodes, progress, pool, memory, costs, admission).all_nodes()


class _Run:
    def __init__(
        self,
        nodes: CompiledNodes,
        progress: Progress,
        pool: WorkerPool,
        memory: MemorySampler,
        costs: NodeCosts,
        admission: Admission,
    ) -> None:
        self._nodes, self._progress, self._pool = nodes, progress, pool
        self._memory, self._costs, self._admission = memory, costs, admission
        # What threads have to tell the calling one: a node and what there is to say of it.
        self._news: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def all_nodes(self) -> dict[str, NodeResult]:
        order = graphlib.TopologicalSorter(self._nodes.upstream)
        order.prepare()
        results: dict[str, NodeResult] = {}
        failure: NodeFailed | None = None
        launched: set[str] = set()
        with ThreadPoolExecutor(max_workers=len(self._nodes.node_ids)) as threads:
            try:
                while order.is_active():
                    if failure is None:
                        for node_id in order.get_ready():
                            launched.add(node_id)
                            threads.submit(self._launch, node_id)
                    if not launched:
                        break
                    node_id, news = self._news.get()
                    match news:
                        case Begun():
                            self._progress.started(node_id)
                        case Report():
                            self._progress.advanced(node_id, news)
                        case NodeResult():
                            launched.remove(node_id)
                            results[node_id] = news
                            if news.peak_bytes is not None:
                                self._costs.keep(node_id, Cost(round(news.seconds, 2), news.peak_bytes))
                            self._progress.finished(news)
                            order.done(node_id)
                        case NodeFailed():
                            launched.remove(node_id)
                            failure = failure or news
                            self._admission.close()
                            self._progress.failed(node_id)
                        case NotBegun():
                            launched.remove(node_id)
            except BaseException:
                self._admission.close()
                self._pool.stop()
                raise
        if failure is not None:
            raise failure
        return results

    def _launch(self, node_id: str) -> None:
        """Runs a node, on a thread of its own, and tells what became of it."""
        launch = _Launch(self._pool, self._memory, self._admission, self._news)
        try:
            start = time.monotonic()
            cached, outputs = self._nodes.launch(node_id, launch.operators())
            self._news.put(
                (
                    node_id,
                    NodeResult(
                        node_id=node_id,
                        seconds=time.monotonic() - start - launch.waited_seconds,
                        cached=cached,
                        outputs=outputs,
                        peak_bytes=launch.peak_bytes,
                        cpu_seconds=launch.cpu_seconds,
                    ),
                )
            )
        except NotBegun as error:
            self._news.put((node_id, error))
        except NodeError as error:
            self._news.put((node_id, NodeFailed(node_id, error.cause)))
        except BaseException as error:
            _LOG.exception("%s failed.", node_id)
            self._news.put((node_id, NodeFailed(node_id, find_cause(error))))


class _Launch:
    """Runs one node's executor in a worker, once there is room for it.

    Attributes:
        waited_seconds: How long it waited for that.
        peak_bytes: Largest resident size of the node's processes; None as long as there was none.
        cpu_seconds: What they had of all processors together; None as long as there was none.
    """

    def __init__(
        self,
        pool: WorkerPool,
        memory: MemorySampler,
        admission: Admission,
        news: "queue.SimpleQueue[tuple[str, Any]]",
    ) -> None:
        self._pool, self._memory, self._admission, self._news = pool, memory, admission, news
        self.waited_seconds = 0.0
        self.peak_bytes: int | None = None
        self.cpu_seconds: float | None = None

    def operators(self) -> Mapping[Any, Any]:
        """Returns what TFX's launcher takes in place of its own operators."""

        def operator(executor_spec: Any, platform_config: Any = None) -> WorkerOperator:
            return WorkerOperator(executor_spec, platform_config, run=self._run)

        return dict.fromkeys(SPECIFICATIONS, operator)

    def _run(self, node_id: str, spec: Any, invocation: Any) -> Any:
        arrived = time.monotonic()
        with self._admission.begun(node_id), ExitStack() as watch:
            self.waited_seconds = time.monotonic() - arrived

            def heard(message: Message) -> None:
                if isinstance(message, Begun):
                    watch.enter_context(self._memory.watching(node_id, message.process_id))
                if isinstance(message, Begun | Report):
                    self._news.put((node_id, message))

            done = self._pool.run(node_id, spec, invocation, heard)
            self.peak_bytes = max(done.peak_bytes, self._memory.peak_of(node_id))
            self.cpu_seconds = done.cpu_seconds
            return done.output
