"""Starts a compiled pipeline on this machine, and says what came of it."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from components.errors import InputError
from components.gate.evaluation import read_evaluation
from components.pushing.atomic_pusher import WAITING_PROPERTY
from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline, read_compiled
from tfx_pipeline.cluster.lookups import look_up
from tfx_pipeline.cluster.parameters import CHECKPOINTS, DATA, FORGOTTEN, SERVING_ROOT
from tfx_pipeline.cluster.spec_runner import run_spec
from tfx_pipeline.cluster.step import StepFailed
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.running.private_folders import private_folders
from tfx_pipeline.running.progress import TerminalProgress
from tfx_pipeline.running.signals import ended_as_by_ctrl_c
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.summary.tables import table_notes
from tfx_pipeline.terminal.exit_codes import EXIT_BAD_INPUT
from trainer.artifacts.labels import load_label_facts


def run_spec_here(spec: Path, root: Path, given: Mapping[str, str], terminal: TextIO) -> bool:
    """Runs every step of a specification.

    Args:
        spec: What `shelfwise compile` wrote.
        root: Folder of everything that the steps make; models are pushed below it unless `given` says otherwise.
        given: Parameters of the submission.
        terminal: Where each step's line goes, and what came of it.

    Returns:
        Whether every model was pushed, or stands there already.

    Raises:
        ConfigError: The file or a parameter is not what it should be, or another run works in `root`.
        InputError: The tables are not what they should be.
        StepFailed: Anything else stopped a step.
    """
    compiled = read_compiled(spec)
    root = root.resolve()
    with _alone_in(root), private_folders(root), ended_as_by_ctrl_c():
        results = _run(compiled, root, given, terminal)
    return _report(results, terminal)


def _run(
    compiled: CompiledPipeline, root: Path, given: Mapping[str, str], terminal: TextIO
) -> Mapping[str, NodeResult]:
    here = {SERVING_ROOT: str(root / "serving"), CHECKPOINTS: str(root / "checkpoints")}
    declared = compiled.spec.root.input_definitions.parameters
    given = {**{name: folder for name, folder in here.items() if name in declared}, **given}
    # A step runs in a folder of its own.
    given |= {name: _absolute(given[name]) for name in (DATA, SERVING_ROOT) if name in given}
    forgotten = given.get(FORGOTTEN, ForgottenList.under(root).uri())
    if forgotten:
        given |= {FORGOTTEN: _absolute(forgotten)}
    parameters = compiled.complete(look_up(compiled, given, root))
    progress = TerminalProgress(terminal, len(compiled.tasks))
    try:
        return run_spec(compiled, parameters, root, progress)
    except StepFailed as error:
        if error.exit_code == EXIT_BAD_INPUT:
            raise InputError(error.last_line.removeprefix("error: ")) from error
        raise
    finally:
        progress.stopped()


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).resolve())


def _report(results: Mapping[str, NodeResult], terminal: TextIO) -> bool:
    """Writes what was noted, pushed and refused; returns whether every model was pushed."""
    pushed = True
    for note in table_notes(results):
        print(f"note: {note}", file=terminal)
    for result in results.values():
        if "pushed_model" in result.outputs:
            properties = result.outputs["pushed_model"].properties
            waiting = properties.get(WAITING_PROPERTY)
            pushed = pushed and bool(properties.get("pushed") or waiting)
            if waiting:
                print(f"waits for approval in {waiting}", file=terminal)
            if properties.get("pushed"):
                print(f"pushed {properties['pushed_destination']}", file=terminal)
        if "labels" in result.outputs:
            for note in load_label_facts(result.outputs["labels"].uri).get("notes", ()):
                print(f"note: {note}", file=terminal)
        if "evaluation" in result.outputs:
            evaluation = read_evaluation(result.outputs["evaluation"].uri)
            for note in evaluation["notes"]:
                print(f"note: {note}", file=terminal)
            for reason in evaluation["refused_because"]:
                print(f"refused: {reason}", file=terminal)
    return pushed


@contextmanager
def _alone_in(root: Path) -> Iterator[None]:
    """Holds the folder's lock, which a killed process loses."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "run-spec.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"--root {root}: another run works there; wait for it, or name another folder") from error
        yield
