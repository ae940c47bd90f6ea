"""The configuration: YAML read once into frozen, validated models, and handed down from here."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError, model_validator

from components.tables.contract import TableOptions
from tfx_pipeline.config.tasks import Tasks
from tfx_pipeline.config.yaml_file import ConfigError, describe_error, read_yaml
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.shop.table_options import table_options
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.task import Task
from trainer.text.backbone_source import named_folder
from trainer.writing.language_files import language_files

REVIEW_PHRASES = "review_phrases"


class Config(ShopOptions):
    """A whole run.

    Attributes:
        tasks: What to train; a task that is left out is not run, and `search:` alone takes all defaults.
        gateway: The HTTP service in front of the models; a run does not look at it.
    """

    tasks: Tasks
    gateway: GatewayOptions = GatewayOptions()

    def backbones(self) -> dict[str, str]:
        """Returns the backbone that each key names, of those that some task reads."""
        of_tasks = {
            key: backbone
            for task, options in self.tasks.with_options()
            for key, backbone in task.backbones(self, options).items()
        }
        return of_tasks | self.picture_backbone()

    def language_models(self) -> dict[str, str]:
        """Returns the language model that each key names."""
        return {
            key: model
            for task, options in self.tasks.with_options()
            for key, model in task.language_models(options).items()
        }

    def tables_read(self) -> frozenset[str]:
        """Returns the given tables that some task of the run reads."""
        return self.review_tables().union(*(self.tables_read_by(task) for task, _ in self.tasks.with_options()))

    def tables_read_by(self, task: Task[Any]) -> frozenset[str]:
        """Returns the given tables that a task reads, and those that products are joined with."""
        given = frozenset(self.tables.given())
        read = given if task.tables is None else given & task.tables
        return read | self.review_tables() if "products" in read else read

    def review_tables(self) -> frozenset[str]:
        """Returns the tables whose reviews say something of products."""
        reviews = self.text is not None and REVIEW_PHRASES in self.text.fields
        return frozenset({"texts"} & self.tables.given().keys()) if reviews else frozenset()

    def event_types(self) -> Sequence[str]:
        """Returns the event types that the tasks know; none where no task names any."""
        every = (task.event_types(options) for task, options in self.tasks.with_options())
        return next((types for types in every if types), ())

    def options_of_tables(self) -> dict[str, TableOptions]:
        """Returns what each table that is given may hold beyond its contract, by all tasks of the run."""
        tasks = list(self.tasks.with_options())
        bought = tuple(dict.fromkeys(kind for task, options in tasks for kind in task.bought_event_types(options)))
        return {
            name: table_options(
                name,
                self,
                event_types=self.event_types(),
                bought_event_types=bought,
                columns=[column for task, options in tasks for column in task.extra_columns(name, options)],
                outcomes=[column for task, options in tasks for column in task.outcome_columns(name, options)],
                pictures=dict.fromkeys(
                    column for task, options in tasks for column in task.picture_columns(name, self, options)
                ),
            )
            for name in self.tables.given()
        }

    @model_validator(mode="after")
    def _tasks_have_what_they_need(self) -> "Config":
        if not self.tasks.requested():
            raise ValueError(f"`tasks` names no task; name one of {', '.join(TASKS)}")
        for task, options in self.tasks.with_options():
            task.check(self, options)
        if self.bots is not None and self.event_types():
            self.bots.check_event_types(self.event_types())
        if self.text is not None and REVIEW_PHRASES in self.text.fields:
            for table in ("products", "texts"):
                self.needs_table(table, "`text.fields` names `review_phrases`, of texts that name one of the products")
        return self


def load_config(path: Path, overrides: Sequence[str] = (), tasks: Sequence[str] = ()) -> Config:
    """Reads a configuration file for a run on this machine.

    As `read_config`, but table paths are made absolute, and backbones and language models that are folders have to be
    here.
    """
    config = read_config(path, overrides, tasks)
    for found, models in ((named_folder, config.backbones()), (language_files, config.language_models())):
        for key, model in models.items():
            try:
                found(model)
            except ValueError as error:
                raise ConfigError(f"{path}: `{key}`: {error}") from error
    folder = str(path.parent.resolve())
    return config.model_copy(update={"tables": config.tables.at(folder), "pictures": config.pictures.at(folder)})


def read_config(path: Path, overrides: Sequence[str] = (), tasks: Sequence[str] = ()) -> Config:
    """Reads a configuration file.

    Args:
        path: YAML file.
        overrides: `key.key=value` settings that replace what the file says; values are YAML.
        tasks: Names of the tasks to keep; all that the file names where empty.

    Returns:
        The validated configuration, with table paths as they were written.

    Raises:
        ConfigError: The file is missing or not YAML, or a key or value is not what it should be.
    """
    values = read_yaml(path)
    _apply_overrides(values, overrides)
    if tasks:
        _keep_tasks(values, tasks)
    return _validated(values, str(path))


def changed_config(values: dict[str, Any], overrides: Sequence[str], source: str) -> Config:
    """Returns the configuration that a run's summary holds, with some values replaced.

    Args:
        values: Keys and values at the top.
        overrides: See `read_config`.
        source: Where the values come from, for messages.

    Raises:
        ConfigError: A key or value is not what it should be.
    """
    values = copy.deepcopy(values)
    # A summary has null for a task that is not run; in a file, that would be the task with all defaults.
    values["tasks"] = {name: options for name, options in values["tasks"].items() if options is not None}
    _apply_overrides(values, overrides)
    return _validated(values, source)


def _validated(values: dict[str, Any], source: str) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{source}: {describe_error(error, values)}") from error


def changed_values(path: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Returns the keys and values of a configuration file with some replaced, as they would stand in a file."""
    values = read_yaml(path)
    _apply_overrides(values, overrides)
    return values


def _apply_overrides(values: dict[str, Any], overrides: Sequence[str]) -> None:
    for override in overrides:
        _apply_override(values, override)


def _apply_override(values: dict[str, Any], override: str) -> None:
    dotted, separator, text = override.partition("=")
    if not separator or not dotted:
        raise ConfigError(f"--set {override}: expected key.key=value")
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if inner is None or inner is False:
            inner = values[parent] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: `{parent}` is a value, it has no keys below it")
        values = inner
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not YAML") from error


def _keep_tasks(values: dict[str, Any], tasks: Sequence[str]) -> None:
    configured = values.get("tasks")
    if not isinstance(configured, dict):
        return  # Validation says what is wrong with it.
    for task in tasks:
        if task not in configured:
            raise ConfigError(f"--tasks: `{task}` is not configured; the file has {', '.join(map(str, configured))}")
    values["tasks"] = {name: options for name, options in configured.items() if name in tasks}
