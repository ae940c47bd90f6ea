"""`shelfwise tune`: tries options of a task, and writes the best ones as a configuration."""

import datetime
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import yaml

from components.errors import InputError
from tfx_pipeline.config.config import Config, changed_values, load_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.local_runner import NodeFailed
from tfx_pipeline.running.private_folders import private_folders
from tfx_pipeline.running.signals import ended_as_by_ctrl_c
from tfx_pipeline.summary.study import DEFAULTS, Study, Trial, Value, read_study, study_path
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.tuned_option import Method
from tfx_pipeline.terminal.console import console, plain_table
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.tuning.proposals import Proposals
from tfx_pipeline.tuning.trials import Trials

# Trials that the terminal shows.
_SHOWN = 5


def tune(
    config_file: Path,
    root: Path,
    task_name: str,
    trials: int,
    minutes: float,
    method: Method,
    out: Path | None,
    overrides: Sequence[str],
) -> None:
    """Runs a study, or goes on with the one that is there, and prints and writes what it has found.

    Raises:
        InputError: The task has nothing to search, the tables are not what they should be, or every training failed.
        ConfigError: The configuration is not what it should be, or `out` would lose its relative paths.
    """
    if task_name not in TASKS:
        raise InputError(f"--task {task_name}: expected one of {', '.join(TASKS)}")
    out = out or config_file.with_name(f"{config_file.stem}-tuned.yaml")
    if out.parent.resolve() != config_file.parent.resolve():
        raise ConfigError(f"--out {out}: expected a file beside {config_file}, whose relative paths it keeps")
    task, config = TASKS[task_name], load_config(config_file, overrides, [task_name])
    options = task.tuned(getattr(config.tasks, task_name))
    if not options:
        raise InputError(f"--task {task_name}: has no options that are searched")
    root = root.resolve()
    console.print("loading TFX …")
    log_file = root / "logs" / f"tune-{datetime.datetime.now():%Y%m%d-%H%M%S}.log"
    with private_folders(root), logs_in(log_file) as terminal, ended_as_by_ctrl_c():
        runner = Trials(config, root, task_name, task.node_id("Trainer"), terminal)

        def configured(values: Mapping[str, Value]) -> Config:
            return load_config(config_file, [*overrides, *_settings(task_name, values)], [task_name])

        study = read_study(root, task_name)
        digest = runner.digest(config)
        if study is None or (study.of, study.metric) != (digest, task.tuned_metric):
            study = Study(task=task_name, metric=task.tuned_metric, of=digest)
        folder = study_path(root, task_name).parent
        proposals = Proposals(options, trials, method, epochs_key=task.epochs_key(), seed=config.seed, folder=folder)
        _search(study, proposals, runner, configured, root, trials, time.monotonic() + 60.0 * minutes, terminal)
    best = study.best
    if best is None:
        raise InputError(f"every training failed, the last one: {study.trials[-1].failure}; log: {log_file}")
    _print(study)
    chosen = changed_values(config_file, [*overrides, *_settings(task_name, best.values)])
    heading = f"# The best of {len(study.trials)} trainings of {task_name}: {study.metric} {best.score:.4f}.\n"
    out.write_text(heading + yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True), encoding="utf-8")
    console.print(f"best: {_shown(best.values)}; written to {out}")


def _search(
    study: Study,
    proposals: Proposals,
    runner: Trials,
    configured: Any,
    root: Path,
    trials: int,
    until: float,
    terminal: TextIO,
) -> None:
    """Runs trials until there are enough, or the time is over; the options as they are configured come first."""
    values: dict[str, Value] | None = dict(DEFAULTS)
    number = 0
    while values is not None and number < trials:
        done = study.found(values)
        if done is None:
            # The first one always runs, so that there is something to write.
            if study.trials and time.monotonic() >= until:
                print(f"the time is over after {len(study.trials)} of {trials} trials", file=terminal)
                return
            print(f"trial {number + 1} of {trials}: {_shown(values)}", file=terminal)
            done = _trial(study, runner, configured(values), values)
            study.trials.append(done)
            study.write(root)
            print(f"  {study.metric} {done.failure or f'{done.score:.4f}'}, {done.seconds:.0f} s", file=terminal)
        if number:
            proposals.tell(done.score)
        number += 1
        values = proposals.next() if number < trials else None


def _trial(study: Study, runner: Trials, config: Config, values: dict[str, Value]) -> Trial:
    started = time.monotonic()
    try:
        summary: Any = runner.train(config)
    except NodeFailed as error:
        if error.cause.kind == "input":
            raise InputError(error.cause.message) from error
        return Trial(values=values, score=None, seconds=time.monotonic() - started, failure=error.cause.message)
    for key in study.metric.split("."):
        summary = summary[key]
    return Trial(values=values, score=float(summary), seconds=time.monotonic() - started)


def _settings(task: str, values: Mapping[str, Value]) -> list[str]:
    return [f"tasks.{task}.{key}={json.dumps(value)}" for key, value in values.items()]


def _shown(values: Mapping[str, Value]) -> str:
    shown = (f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items())
    return ", ".join(shown) or "the options as they are configured"


def _print(study: Study) -> None:
    table = plain_table(study.metric, "seconds", "options")
    scored = sorted(
        (trial for trial in study.trials if trial.score is not None), key=lambda trial: trial.score or 0.0, reverse=True
    )
    for trial in scored[:_SHOWN]:
        table.add_row(f"{trial.score:.4f}", f"{trial.seconds:.0f}", _shown(trial.values))
    console.print(table)
