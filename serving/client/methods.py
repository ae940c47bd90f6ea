"""Turns functions that make calls into methods of a client, with the same parameters and documentation."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from serving.client.call import Call

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Asks(Protocol):
    """A client that waits for the answer."""

    def ask(self, call: Call[Result]) -> Result:
        """Sends a call and reads its answer."""


class AsksLater(Protocol):
    """A client whose answers are awaited."""

    async def ask(self, call: Call[Result]) -> Result:
        """Sends a call and reads its answer."""


def blocking(make: Callable[Parameters, Call[Result]]) -> Callable[Concatenate[Asks, Parameters], Result]:
    """Returns a method that sends the call that `make` makes, and returns its result."""

    @functools.wraps(make)
    def method(self: Asks, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return self.ask(make(*args, **kwargs))

    return _described(method, make)


def awaited(
    make: Callable[Parameters, Call[Result]],
) -> Callable[Concatenate[AsksLater, Parameters], Awaitable[Result]]:
    """Returns a coroutine method that sends the call that `make` makes, and returns its result."""

    @functools.wraps(make)
    async def method(self: AsksLater, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await self.ask(make(*args, **kwargs))

    return _described(method, make)


def _described(method: Any, make: Callable[..., Call[Any]]) -> Any:
    """Gives a method the parameters of `make` after `self`, and its result, for `help` and editors."""
    made = inspect.signature(make)
    (result,) = made.return_annotation.__args__
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = made.replace(parameters=[itself, *made.parameters.values()], return_annotation=result)
    return method
