"""Parses calls of `shelfwise` as the command line does, without running them."""

from collections.abc import Sequence
from typing import Any

import typer

from tfx_pipeline.commands.cli import app


def parsed(arguments: Sequence[str]) -> dict[str, Any]:
    """Returns the values of a command's options and arguments; a call that the command line refuses raises."""
    commands: Any = typer.main.get_command(app)
    name, *rest = arguments
    values: dict[str, Any] = commands.commands[name].make_context(name, list(rest)).params
    return values


def command_names() -> list[str]:
    """Returns the names of all commands."""
    commands: Any = typer.main.get_command(app)
    return list(commands.commands)
