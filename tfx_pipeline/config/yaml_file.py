"""The configuration's file as it stands, and what is said where it is not what it should be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError


class ConfigError(ValueError):
    """The configuration or the command line is not what it should be; the message names the key."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Returns the keys and values at the top of a YAML file.

    Raises:
        ConfigError: It is missing, or something else.
    """
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


def describe_error(error: ValidationError, values: Any) -> str:
    """Says in one line which keys are wrong and what each should be."""
    problems = []
    for detail in error.errors(include_url=False):
        key = _key(detail["loc"], values)
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


def _key(places: Sequence[int | str], values: Any) -> str:
    """Returns a dotted key as the file has it: without the place in a list where the file has the one thing itself."""
    parts = []
    for place in places:
        if isinstance(place, int) and not isinstance(values, list):
            continue
        parts.append(str(place))
        values = values[place] if isinstance(place, int) else values.get(place) if isinstance(values, dict) else None
    return ".".join(parts)
