"""Turns functions that make calls into methods of the clients, with the same parameters and documentation."""

import difflib
import functools
import inspect
from collections.abc import Callable, Coroutine, Iterable
from types import MethodType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from shelfwise_client.call import Call

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


class ClientMethod(Generic[Parameters, Result]):
    """A method of a client that asks what a function says: awaited on a client whose `ask` is, and blocking otherwise.

    Args:
        make: Makes the call from the method's arguments; the method has its documentation.
    """

    def __init__(self, make: Callable[Parameters, Call[Result]]) -> None:
        described = functools.partial(_described, make)
        check = functools.partial(_check_keywords, make.__name__, inspect.signature(make).parameters)

        @described
        def blocking(self: Asks, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            return self.ask(make(*args, **kwargs))

        @described
        async def awaited(self: AsksLater, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            return await self.ask(make(*args, **kwargs))

        self._blocking, self._awaited = blocking, awaited

    @overload
    def __get__(self, client: None, owner: type[object]) -> Callable[..., object]: ...

    @overload
    def __get__(self, client: AsksLater, owner: type[object]) -> Callable[Parameters, Coroutine[Any, Any, Result]]: ...

    @overload
    def __get__(self, client: Asks, owner: type[object]) -> Callable[Parameters, Result]: ...

    def __get__(self, client: object, owner: type[object]) -> Callable[..., object]:
        """Returns the method of a client, or the function that its class has."""
        function = self._awaited if inspect.iscoroutinefunction(getattr(owner, "ask", None)) else self._blocking
        return function if client is None else MethodType(function, client)


def _described(make: Callable[..., Call[Any]], method: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a method the name, documentation and, after `self`, parameters of `make`, for `help` and editors."""
    functools.update_wrapper(method, make)
    made = inspect.signature(make)
    (result,) = made.return_annotation.__args__
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    signature = made.replace(parameters=[itself, *made.parameters.values()], return_annotation=result)
    method.__signature__ = signature  # type: ignore[attr-defined]
    return method


def _check_keywords(name: str, known: Iterable[str], given: Iterable[str]) -> None:
    """Raises TypeError for a keyword that is no parameter; the message has the parameter that it is most like."""
    for keyword in given:
        if keyword not in known:
            alike = difflib.get_close_matches(keyword, known, n=1)
            meant = f"did you mean `{alike[0]}`?" if alike else f"it has {', '.join(known)}."
            raise TypeError(f"`{name}` has no argument `{keyword}`; {meant}")
