"""The worker processes of a run."""

import logging
import multiprocessing
import queue
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import tensorflow as tf

from tfx_pipeline.workers.failure_cause import Cause
from tfx_pipeline.workers.slot import STOP, Done, Ended, Failed, Message, Work, serve

_LOG = logging.getLogger(__name__)


class NodeError(RuntimeError):
    """What a node's process said of its failure, or that it said nothing."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


class WorkerPool:
    """Processes that run nodes, one node at a time each; started by `with`, which also ends them.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._connections: list[Connection] = []
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._processes: list[multiprocessing.process.BaseProcess] = []

    def __enter__(self) -> "WorkerPool":
        method = _start_method()
        _LOG.info("Starting %d workers by %s.", self.workers, method)
        context: Any = multiprocessing.get_context(method)
        for number in range(self.workers):
            own, theirs = context.Pipe()
            inherited = (*self._connections, own) if method == "fork" else ()
            process = context.Process(target=serve, args=(theirs, inherited), name=f"worker-{number}", daemon=False)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._connections.append(own)
            self._idle.put(own)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join()

    def run(self, node_id: str, spec: Any, invocation: Any, heard: Callable[[Message], None]) -> Done:
        """Runs a node in an idle worker, and waits for it.

        Args:
            node_id: Its name.
            spec: TFX's specification of its executor.
            invocation: What the executor gets.
            heard: Is told of everything that the worker sends, on the calling thread.

        Raises:
            NodeError: The node failed.
        """
        connection = self._idle.get()
        outcome: Done | Failed | None = None
        try:
            connection.send(Work(node_id, spec, invocation))
            while True:
                message = connection.recv()
                heard(message)
                match message:
                    case Done() | Failed():
                        outcome = message
                    case Ended(exit_code):
                        break
        except (EOFError, OSError) as error:
            raise NodeError(_lost("its worker ended")) from error
        finally:
            # A worker that has ended refuses the next node too, instead of letting it wait for ever.
            self._idle.put(connection)
        match outcome:
            case Done():
                return outcome
            case Failed(cause):
                raise NodeError(cause)
        raise NodeError(_lost(_way_of_ending(exit_code)))

    def stop(self) -> None:
        """Ends the nodes that run; each of them then fails."""
        for connection in self._connections:
            try:
                connection.send(STOP)
            except OSError:
                continue


def _start_method() -> str:
    """Returns `fork`, or `spawn` where TensorFlow has computed in this process already, whose threads a fork loses."""
    try:
        # Refused once TensorFlow has started its threads; else nothing changes.
        tf.config.threading.set_intra_op_parallelism_threads(tf.config.threading.get_intra_op_parallelism_threads())
    except RuntimeError:
        return "spawn"
    return "fork"


def _way_of_ending(exit_code: int) -> str:
    if exit_code == -signal.SIGKILL:
        return (
            "its process was killed, most likely because the machine's memory ran out; set `local.workers: 1`, or a "
            "lower `local.memory_gib`, and run again: finished steps are kept"
        )
    return f"its process was ended by signal {-exit_code}" if exit_code < 0 else f"its process ended with {exit_code}"


def _lost(message: str) -> Cause:
    return Cause(kind="other", message=message)
