"""What a worker process does: it gives each node a new process that has TFX and TensorFlow loaded already.

A worker is forked from the run's process once everything is imported and before anything has been computed: TensorFlow
starts threads with its first operation, and a process that has them must not be forked. The worker itself never
computes either, so each of its nodes gets a process as fresh as itself, which takes some milliseconds instead of the
ten seconds of the imports, shares their memory, and leaves none behind when it ends.
"""

import gc
import logging
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any, NamedTuple

import psutil
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.launcher import DEFAULT_EXECUTOR_OPERATORS

from tfx_pipeline.workers.failure_cause import Cause, find_cause
from tfx_pipeline.workers.machine import processor_seconds
from trainer.progress import Report, listening

_LOG = logging.getLogger(__name__)
_FORK = multiprocessing.get_context("fork")

# How long a node has, to end the server that it may have started and to take its half-written files away.
STOP_SECONDS = 10.0
# What a worker is sent to end the node that it runs.
STOP = None


class Work(NamedTuple):
    """A node to run.

    Attributes:
        node_id: Its name.
        spec: TFX's specification of its executor.
        invocation: What the executor gets, a protobuf.
    """

    node_id: str
    spec: Any
    invocation: Any


class Begun(NamedTuple):
    """A node's process has begun."""

    process_id: int


class Done(NamedTuple):
    """A node's executor has returned; `output` is TFX's protobuf of what it says.

    `peak_bytes` is the largest resident size of its process, `cpu_seconds` what it and its children had of the
    processors.
    """

    output: Any
    peak_bytes: int
    cpu_seconds: float


class Failed(NamedTuple):
    """A node's executor has raised."""

    cause: Cause


class Ended(NamedTuple):
    """A node's process is gone, with an exit code as `multiprocessing` has it: less than 0 is the signal's number."""

    exit_code: int


Message = Begun | Report | Done | Failed | Ended


def serve(connection: Connection, others: Sequence[Connection]) -> None:
    """Runs one node after another, each in a process of its own, until the other end of the connection is closed.

    Args:
        connection: Receives `Work`; for each are sent `Begun`, any number of `Report`, `Done` or `Failed`, and `Ended`.
        others: Ends of other workers' connections that this process inherited; they are closed.
    """
    for other in others:
        other.close()
    # Ctrl-C reaches the whole group; the nodes end by it, and the run's process then lets go of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What is loaded stays: the collector need not touch, and so copy, the memory that nodes share.
    gc.collect()
    gc.freeze()
    while True:
        try:
            work = connection.recv()
        except EOFError:
            return
        if work is STOP:
            continue
        process = _FORK.Process(target=_run_node, args=(connection, work), name=work.node_id)
        process.start()
        # While a node runs, all that comes is `STOP`, or the end of the run's process.
        if connection in wait([process.sentinel, connection]):
            _stop(process)
        process.join()
        try:
            connection.send(Ended(process.exitcode or 0))
        except OSError:
            return


def _stop(process: ForkProcess) -> None:
    """Ends a node as Ctrl-C does; after some seconds the hard way, and with it whatever it started."""
    try:
        node = psutil.Process(process.pid)
        node.send_signal(signal.SIGINT)
        process.join(STOP_SECONDS)
        for each in [*node.children(recursive=True), node]:
            each.kill()
    except psutil.NoSuchProcess:
        return


def _run_node(connection: Connection, work: Work) -> None:
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    sending = threading.Lock()

    def send(message: Message) -> None:
        with sending:
            connection.send(message)

    try:
        send(Begun(os.getpid()))
        with listening(send):
            operator = DEFAULT_EXECUTOR_OPERATORS[type(work.spec)](work.spec)
            output = operator.run_executor(ExecutionInfo.from_proto(work.invocation))
        send(Done(output, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, processor_seconds()))
    except KeyboardInterrupt:
        _LOG.info("%s was stopped.", work.node_id)
        raise SystemExit(1) from None
    except Exception as error:
        _LOG.exception("%s failed.", work.node_id)
        send(Failed(find_cause(error)))


def _interrupt(_signal_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second signal would break off what the first one has set going.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
