"""`shelfwise update` and `index`: new versions of models, from the tables as they are and what was learned before."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import InputError
from components.tables.sources import TableSource
from serving.model_names import RECOMMENDATION_MODEL
from tfx_pipeline.config.config import Config
from tfx_pipeline.running.root_lock import only_one
from tfx_pipeline.running.run_state import PRODUCTS, is_up_to_date
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.shop.digests import digest_sources
from tfx_pipeline.shop.run_options import options_of_run
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.state import PartState, RunState, state_of_run, write_state
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.logs import logs_in

if TYPE_CHECKING:
    from tfx_pipeline.updates.counts import CountsUpdate


def update_models(root: Path, tasks: Sequence[str] = ()) -> RunSummary | None:
    """Updates the models of a run.

    Args:
        root: The run's folder.
        tasks: Names of the tasks to update; all that were pushed where empty.

    Returns:
        The summary; None where no table has anything new, and then nothing was done.

    Raises:
        InputError: Nothing was pushed there yet, or the tables are not what they should be.
    """
    state = state_of_run(root)
    config = configuration(root, state, tasks)
    digests = {name: digest_sources(name, sources) for name, sources in config.tables.given().items()}
    if is_up_to_date(config, digests, state):
        return None
    return run_pipeline(config, root, update=True)


def update_counts(root: Path) -> "CountsUpdate | None":
    """Renews what the served recommender counts, without training.

    Args:
        root: The run's folder.

    Returns:
        What became of it; None where the counts are those of the tables as they are, and then nothing was done.

    Raises:
        InputError: No recommender was pushed there yet, or the tables are not what they should be.
    """
    root = root.resolve()
    state = state_of_run(root)
    config = configuration(root, state, [RECOMMENDATION_MODEL])
    part = state.parts[RECOMMENDATION_MODEL]
    digests = {name: digest_sources(name, sources) for name, sources in config.tables.given().items()}
    counted = {name: digests[name] for name in sorted(part.tables)}
    if part.counted == counted:
        return None
    return _renewed(root, state, config, part, {}, counted)


def update_catalogue(root: Path, tables: Mapping[str, str]) -> "CountsUpdate":
    """Puts a products table into a new version of the served recommender, without training, and renews its counts.

    Args:
        root: The run's folder.
        tables: Paths of the tables to read in place of those of the configuration: `products`, which is written as the
            run's own was, and maybe `pins`; an empty path stands for the configuration's own.

    Returns:
        What became of it.

    Raises:
        InputError: No recommender was pushed there yet, its events have no times, or a table is not what it should be.
    """
    root = root.resolve()
    state = state_of_run(root)
    config = configuration(root, state, [RECOMMENDATION_MODEL])
    instead = {
        name: (config.products_at(path) if name == PRODUCTS else TableSource(path=path),)
        for name, path in tables.items()
        if path
    }
    # What the configuration names is not what was counted.
    return _renewed(root, state, config, state.parts[RECOMMENDATION_MODEL], instead, {})


def _renewed(
    root: Path,
    state: RunState,
    config: Config,
    part: PartState,
    instead: Mapping[str, Sequence[TableSource]],
    counted: dict[str, str],
) -> "CountsUpdate":
    """Renews counts, and notes from which tables if the version is served; arguments as in `renew_counts`."""
    console.print("loading TFX …")
    with only_one(root), logs_in(root / "logs" / "counts.log"):
        from tfx_pipeline.updates.counts import renew_counts
        from tfx_pipeline.workers.failure_cause import find_cause

        try:
            update = renew_counts(root, config, part, instead)
        except Exception as error:
            # Beam carries what its workers raise as text.
            cause = find_cause(error)
            raise (InputError if cause.kind == "input" else RuntimeError)(cause.message) from error
    if update.pushed is not None:
        write_state(root, state.with_parts({RECOMMENDATION_MODEL: part.model_copy(update={"counted": counted})}))
    return update


def configuration(root: Path, state: RunState, tasks: Sequence[str] = ()) -> Config:
    """Returns what an update runs: the configuration of the last run, with the tasks whose model was pushed.

    Raises:
        InputError: A task that is named was not pushed, or the run was made by another version.
    """
    pushed = [name for name in state.config["tasks"] if name in state.parts]
    for task in tasks:
        if task not in pushed:
            raise InputError(
                f"--tasks: no model of `{task}` was pushed under {root}, which has {', '.join(pushed) or 'none'}; "
                "run `shelfwise run` with that task first"
            )
    chosen = tasks or pushed
    # A task of null would be one with all defaults.
    values = {name: options for name, options in state.config["tasks"].items() if name in chosen}
    return options_of_run(root, Config, {**state.config, "tasks": values})
