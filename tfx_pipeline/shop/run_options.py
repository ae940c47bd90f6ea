"""What the configuration of a run that was made before says, as its summary has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from components.errors import InputError
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.file import summary_of_run
from trainer.options import Options

_Kind = TypeVar("_Kind", bound=Options)
# What a configuration has beside what it says of the shop.
_OTHERS = ("tasks", "gateway")


def shop_of_run(root: Path) -> ShopOptions:
    """Returns what the last run's configuration says beside its tasks; its paths are absolute.

    Raises:
        InputError: There was no run, or one of another version.
    """
    values = summary_of_run(root).config
    return options_of_run(root, ShopOptions, {name: value for name, value in values.items() if name not in _OTHERS})


def bought_types_of_run(root: Path) -> tuple[str, ...]:
    """Returns the event types that any task of the last run takes for a purchase; none takes `purchase`.

    Raises:
        InputError: There was no run.
    """
    tasks = summary_of_run(root).config.get("tasks") or {}
    named = [options["bought_event_type"] for options in tasks.values() if options and "bought_event_type" in options]
    return tuple(dict.fromkeys(map(str, named))) or ("purchase",)


def options_of_run(root: Path, options_class: type[_Kind], values: Mapping[str, Any]) -> _Kind:
    """Returns a part of what the last run's configuration says.

    Raises:
        InputError: The run was made by another version, whose configuration had other keys.
    """
    try:
        return options_class.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            f"{root}: its run was made by another version, whose configuration had another "
            f"`{'.'.join(map(str, first['loc']))}` ({first['msg']}); run `shelfwise run` again first"
        ) from error
