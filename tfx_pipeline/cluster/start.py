"""Starts a compiled pipeline on this machine, and says what came of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from components.errors import InputError
from tfx_pipeline.cluster.compiled_pipeline import read_compiled
from tfx_pipeline.cluster.container_step import EXIT_BAD_INPUT
from tfx_pipeline.cluster.lookups import look_up
from tfx_pipeline.cluster.parameters import SERVING_ROOT
from tfx_pipeline.cluster.spec_runner import run_spec
from tfx_pipeline.cluster.step import StepFailed
from tfx_pipeline.progress import TerminalProgress


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
        ConfigError: The file or a parameter is not what it should be.
        InputError: The tables are not what they should be.
        StepFailed: Anything else stopped a step.
    """
    compiled = read_compiled(spec)
    root = root.resolve()
    given = {SERVING_ROOT: str(root / "serving"), **given}
    parameters = compiled.complete(look_up(compiled, given, root))
    progress = TerminalProgress(terminal, len(compiled.tasks))
    try:
        results = run_spec(compiled, parameters, root, progress)
    except StepFailed as error:
        if error.exit_code == EXIT_BAD_INPUT:
            raise InputError(str(error)) from error
        raise
    finally:
        progress.stopped()
    pushed = True
    for result in results.values():
        if "pushed_model" in result.outputs:
            properties = result.outputs["pushed_model"].properties
            pushed = pushed and bool(properties.get("pushed"))
            if properties.get("pushed"):
                print(f"pushed {properties['pushed_destination']}", file=terminal)
        if "evaluation" in result.outputs:
            evaluation = json.loads(Path(result.outputs["evaluation"].uri, "evaluation.json").read_text("utf-8"))
            for reason in evaluation["refused_because"]:
                print(f"refused: {reason}", file=terminal)
    return pushed
