"""The configuration: YAML read once into frozen, validated models, and handed down from here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from tfx_pipeline.config.tasks import TASK_NAMES, Tasks
from tfx_pipeline.shop.values import off_is_none
from trainer.options import Options, TextOptions
from trainer.pretraining.options import SCRATCH
from trainer.text.backbone_source import named_folder

LOCAL_BEAM_ARGS = (
    # Beam's own default runner first looks for a program that it would have to download.
    "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
    # Where no image is named, TFX packs itself up for remote workers in every Beam node; nobody here pulls one.
    "--sdk_container_image=none",
)


class ConfigError(ValueError):
    """The configuration or the command line is not what it should be; the message names the key."""


class Tables(Options):
    """Paths or globs of the input tables; relative ones are taken from the configuration's folder.

    Attributes:
        events: Who did what with which product, and when.
        products: The catalogue. May be left out where `text` is off.
        users: Attributes to slice the evaluation by.
        judgements: How relevant products are to queries.
        texts: Labelled texts.
    """

    events: str | None = None
    products: str | None = None
    users: str | None = None
    judgements: str | None = None
    texts: str | None = None

    def given(self) -> dict[str, str]:
        """Returns the path of each table that was given, by table name."""
        return {name: path for name, path in self if path is not None}


class Limits(Options):
    """How much bad data a run bears.

    Attributes:
        max_bad_fraction: Share of a table's rows that may be quarantined.
        max_unknown_product_fraction: Share of the events whose product the catalogue may lack.
    """

    max_bad_fraction: float = Field(0.01, ge=0.0, le=1.0)
    max_unknown_product_fraction: float = Field(0.2, ge=0.0, le=1.0)


class ExtraColumns(Options):
    """Columns of a table, beyond the contract's, that are kept: features of products, slices of users and texts."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()


class SliceColumns(ExtraColumns):
    """Extra columns of users and of texts, which the evaluation is sliced by; nothing learns from them."""

    @field_validator("numeric")
    @classmethod
    def _slices_have_values(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if columns:
            raise ValueError(
                f"no model learns from numbers of users or texts ({', '.join(columns)}); their columns slice the "
                "evaluation by value and belong under `categorical`, and only products have `numeric` features"
            )
        return columns


class Features(Options):
    """The extra columns of each table."""

    products: ExtraColumns = ExtraColumns()
    users: SliceColumns = SliceColumns()
    events: ExtraColumns = ExtraColumns()
    texts: SliceColumns = SliceColumns()


class Config(Options):
    """A whole run.

    Attributes:
        name: Name of the pipeline, in ML Metadata and on Kubeflow.
        tables: The input tables.
        text: How product texts become vectors; `off` for a shop without texts.
        limits: How much bad data is borne.
        features: Extra columns to keep.
        plain_user_ids: Whether user ids are written as they are in logs and quarantine, not as keyed hashes.
        seed: Seed of everything random.
        beam_args: Arguments of the Beam runner.
        tasks: What to train.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = "shelfwise"
    tables: Tables
    text: Annotated[TextOptions | None, BeforeValidator(off_is_none)] = TextOptions()
    limits: Limits = Limits()
    features: Features = Features()
    plain_user_ids: bool = False
    seed: int = Field(0, ge=0, lt=2**31)
    beam_args: tuple[str, ...] = LOCAL_BEAM_ARGS
    tasks: Tasks
    version: Literal[1] = 1

    def backbones(self) -> dict[str, str]:
        """Returns the backbone that each key names, of those that some task reads."""
        if self.text is None:
            return {}
        own = self.tasks.classification and self.tasks.classification.backbone
        named = {"tasks.classification.backbone": own} if own and own != SCRATCH else {}
        if not own or self.tasks.requested() != ("classification",):
            named["text.backbone"] = self.text.backbone
        return named

    @model_validator(mode="after")
    def _needs_its_tables(self) -> "Config":
        if not self.tasks.requested():
            raise ValueError(f"`tasks` names no task; name one of {', '.join(TASK_NAMES)}")
        if self.tasks.recommendation is not None:
            if self.tables.events is None:
                raise ValueError("`tables.events` is missing; the task recommendation learns from events")
            if self.text is not None and self.tables.products is None:
                raise ValueError("`tables.products` is missing; give it, or set `text: off`")
        if self.tasks.search is not None:
            if self.tables.products is None:
                raise ValueError("`tables.products` is missing; the task search finds products")
            if self.text is None:
                raise ValueError("`text` is off; the task search needs texts")
        if self.tasks.classification is not None:
            if self.tables.texts is None:
                raise ValueError("`tables.texts` is missing; the task classification learns from labelled texts")
            if self.text is None:
                raise ValueError("`text` is off; the task classification needs its backbone")
        if self.tasks.segmentation is not None:
            if self.tables.events is None:
                raise ValueError("`tables.events` is missing; the task segmentation learns from events")
            if self.text is None:
                raise ValueError("`text` is off; the task segmentation needs its backbone")
            bought, types = self.tasks.segmentation.bought_event_type, self.tasks.segmentation.event_types
            if bought not in types:
                raise ValueError(f"`tasks.segmentation.bought_event_type` is `{bought}`; it must be one of {types}")
        return self

    @model_validator(mode="after")
    def _slices_of_thresholds_are_known(self) -> "Config":
        judged = {"classification": "texts", "segmentation": "users"}
        for name, table in judged.items():
            task = getattr(self.tasks, name)
            own = getattr(self.features, table).categorical if getattr(self.tables, table) is not None else ()
            unknown = task and task.gate.unknown_slice(own)
            if unknown:
                raise ValueError(
                    f"`tasks.{name}.gate.slice_thresholds` {unknown}; `features.{table}.categorical` adds others"
                )
        return self


def load_config(path: Path, overrides: Sequence[str] = (), tasks: Sequence[str] = ()) -> Config:
    """Reads a configuration file for a run on this machine.

    As `read_config`, but table paths are made absolute, and backbones that are folders have to be here.
    """
    config = read_config(path, overrides, tasks)
    for key, backbone in config.backbones().items():
        try:
            named_folder(backbone)
        except ValueError as error:
            raise ConfigError(f"{path}: `{key}`: {error}") from error
    tables = {name: _absolute(table, path.parent) for name, table in config.tables.given().items()}
    return config.model_copy(update={"tables": Tables(**tables)})


def saved_config(values: Mapping[str, Any]) -> Config:
    """Reads a configuration back that a run wrote into its summary, where a task that was not asked for is null."""
    tasks = {name: options for name, options in values["tasks"].items() if options is not None}
    return Config.model_validate({**values, "tasks": tasks})


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
    values = _read_yaml(path)
    for override in overrides:
        _apply_override(values, override)
    if tasks:
        _keep_tasks(values, tasks)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_describe(error)}") from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such configuration file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: expected YAML; {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected keys and values at the top, got {type(values).__name__}")
    return values


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


def _describe(error: ValidationError) -> str:
    """Says in one line which keys are wrong and what each should be."""
    problems = []
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            problems.append(f"unknown key `{key}`")
        elif detail["type"] == "missing":
            problems.append(f"`{key}` is missing")
        elif detail["type"] == "value_error":
            message = detail["msg"].removeprefix("Value error, ")
            problems.append(f"`{key}`: {message}" if key else message)
        else:
            expectation = detail["msg"][0].lower() + detail["msg"][1:]
            problems.append(f"`{key}`: {expectation}, got {detail['input']!r}")
    return "; ".join(problems)


def _absolute(table: str, folder: Path) -> str:
    return table if "://" in table else str((folder / table).resolve())
