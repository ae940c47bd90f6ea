"""What a run takes from an earlier one, and what it leaves for a later one; loads no TFX."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tfx_pipeline.config.config import Config
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.state import PartState, RunState, read_state, write_state

if TYPE_CHECKING:
    from tfx_pipeline.local_runner import NodeResult
    from tfx_pipeline.shop.inputs import PipelineInputs

PRODUCTS = "products"
# Before the name of a table: what is kept of the table itself.
_TABLE = "table "
_PRODUCT_OUTPUTS = ("ProductsTextVectors.vectors",)


def earlier_outputs(
    config: Config, digests: Mapping[str, str], state: RunState | None, *, update: bool
) -> dict[str, str]:
    """Returns what an update of these tables starts from.

    For a run that is the tables that it is compared with, and what tasks name as `run_outputs`. A part whose tables are
    as they were gets what it was made from, so that all its nodes come from the cache.

    Args:
        config: The update's configuration.
        digests: sha256 of each table as it is now.
        state: What the last run left; None where there was none.
        update: Whether models start from it too.
    """
    earlier: dict[str, str] = {}
    run_outputs = {key for task, _ in config.tasks.with_options() for key in task.run_outputs()}
    for name, tables in tables_of_parts(config).items():
        part = None if state is None else state.parts.get(name)
        if part is not None:
            found = part.earlier if part.tables == {table: digests[table] for table in tables} else part.outputs
            whole = update or name.startswith(_TABLE)
            earlier |= found if whole else {key: uri for key, uri in found.items() if key in run_outputs}
    return earlier


def is_up_to_date(config: Config, digests: Mapping[str, str], state: RunState) -> bool:
    """Says whether every requested model was made from the tables as they are now, and stands where it was pushed."""
    for name, tables in tables_of_parts(config).items():
        part = state.parts.get(name)
        if part is None or part.tables != {table: digests[table] for table in tables}:
            return False
        if part.pushed and not Path(part.pushed).is_dir():
            return False
    return True


def tables_of_parts(config: Config) -> dict[str, frozenset[str]]:
    """Returns the tables that each task reads, those of what tasks share of the products, and each for itself."""
    given = frozenset(config.tables.given())
    parts = {}
    for task, _ in config.tasks.with_options():
        parts[task.name] = config.tables_read_by(task)
    if PRODUCTS in given and config.text is not None:
        parts[PRODUCTS] = given & ({PRODUCTS} | config.review_tables())
    return parts | _table_parts(config)


def _table_parts(config: Config) -> dict[str, frozenset[str]]:
    return {f"{_TABLE}{name}": frozenset({name}) for name in config.tables.given()}


def outputs_to_start_from(config: Config) -> list[str]:
    """Returns all that an update of a configuration may start from, as `NODE.OUTPUT`, each once."""
    parts = _outputs_of_parts(config)
    return list(dict.fromkeys(key for name in tables_of_parts(config) for key in parts[name]))


def _outputs_of_parts(config: Config) -> dict[str, tuple[str, ...]]:
    return {
        PRODUCTS: _PRODUCT_OUTPUTS,
        **{task.name: task.update_outputs() for task, _ in config.tasks.with_options()},
        **{f"{_TABLE}{name}": (f"{name.capitalize()}StatisticsGen.statistics",) for name in config.tables.given()},
    }


def record_state(
    root: Path, config: Config, inputs: "PipelineInputs", results: Mapping[str, "NodeResult"], summary: RunSummary
) -> None:
    """Writes what an update of this run starts from; a task whose model was refused keeps what was there of it.

    Args:
        root: The run's folder.
        config: Its configuration. An update of some tasks keeps what the last run said of the others.
        inputs: What it was made from.
        results: Its nodes.
        summary: What it came to.
    """
    parts: dict[str, PartState] = {}
    waiting: dict[str, PartState] = {}
    outputs = _outputs_of_parts(config)
    for name, tables in tables_of_parts(config).items():
        done = summary.tasks.get(name)
        stands = "" if done is None else done.pushed or done.waiting
        if stands is None:
            continue
        (waiting if done is not None and done.waiting else parts)[name] = PartState(
            tables={table: str(inputs.table_digests[table]) for table in sorted(tables)},
            outputs=_taken(outputs[name], results),
            earlier={key: str(inputs.earlier[key]) for key in outputs[name] if key in inputs.earlier},
            pushed=stands,
        )
    last = read_state(root)
    values = config.model_dump(mode="json")
    if last is not None:
        values["tasks"] = {name: given or last.config["tasks"].get(name) for name, given in values["tasks"].items()}
    state = RunState(config=values, parts={}) if last is None else last.model_copy(update={"config": values})
    write_state(root, state.with_parts(parts, waiting))


def _taken(keys: tuple[str, ...], results: Mapping[str, "NodeResult"]) -> dict[str, str]:
    taken = {}
    for key in keys:
        node_id, _, output = key.partition(".")
        if node_id in results:
            taken[key] = results[node_id].outputs[output].uri
    return taken
