"""Functions by their dotted names, as properties of nodes hold them."""

import importlib
from collections.abc import Callable
from typing import Any


def load_function(name: str, argument: str, example: str) -> Callable[..., Any]:
    """Imports a function by its dotted name.

    Args:
        name: The module's dotted name, a dot, and the function's name.
        argument: What the name was given as, for the message.
        example: A name that would be right, for the message.

    Raises:
        ValueError: There is no such function.
    """
    module_name, _, function_name = name.rpartition(".")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"`{argument}` should be the dotted name of an installed function, such as {example}. "
            f"Received {name!r}: {error}."
        ) from error
    return function


def module_of(function_name: str) -> str:
    """Returns the dotted name of the module that a function stands in."""
    return function_name.rpartition(".")[0]
