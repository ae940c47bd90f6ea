"""Turns functions that make calls into methods of the clients, with the same parameters and documentation."""

import difflib
import functools
import inspect
from collections.abc import Callable, Coroutine, Generator, Iterable
from types import MethodType
from typing import Any, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from shelfwise_client.call import Call
from shelfwise_client.errors import ServingError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
# Calls that follow from each other's answers, and what they come to; whoever runs it puts each answer in, or throws.
Talk: TypeAlias = Generator[Call[Any], Any, Result]


class Asks(Protocol):
    """A client that waits for the answer."""

    def ask(self, call: Call[Result]) -> Result:
        """Sends a call and reads its answer."""


class AsksLater(Protocol):
    """A client whose answers are awaited."""

    async def ask(self, call: Call[Result]) -> Result:
        """Sends a call and reads its answer."""


class _Method(Generic[Parameters, Result]):
    """A method of a client: awaited on a client whose `ask` is, and blocking otherwise."""

    _blocking: Callable[..., Result]
    _awaited: Callable[..., Coroutine[Any, Any, Result]]

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


class ClientMethod(_Method[Parameters, Result]):
    """A method of a client that asks what a function says.

    Args:
        make: Makes the call from the method's arguments; the method has its documentation.
    """

    def __init__(self, make: Callable[Parameters, Call[Result]]) -> None:
        described, check = _like(make)

        @described
        def blocking(self: Asks, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            return self.ask(make(*args, **kwargs))

        @described
        async def awaited(self: AsksLater, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            return await self.ask(make(*args, **kwargs))

        self._blocking, self._awaited = blocking, awaited


class ClientTalk(_Method[Parameters, Result]):
    """A method of a client that asks several things, each by what was answered before.

    Args:
        make: Begins the talk from the method's arguments; the method has its documentation. What a call raises is
            raised where the talk has asked it.
    """

    def __init__(self, make: Callable[Parameters, Talk[Result]]) -> None:
        described, check = _like(make)

        @described
        def blocking(self: Asks, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            talking = _Talking(make(*args, **kwargs))
            while (call := talking.next_call()) is not None:
                try:
                    talking.answered(self.ask(call))
                except (ServingError, ValueError) as error:
                    talking.failed(error)
            return talking.result

        @described
        async def awaited(self: AsksLater, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            check(kwargs)
            talking = _Talking(make(*args, **kwargs))
            while (call := talking.next_call()) is not None:
                try:
                    talking.answered(await self.ask(call))
                except (ServingError, ValueError) as error:
                    talking.failed(error)
            return talking.result

        self._blocking, self._awaited = blocking, awaited


class _Talking(Generic[Result]):
    """A talk on its way.

    Attributes:
        result: What it has come to, once there is no next call.
    """

    result: Result

    def __init__(self, talk: Talk[Result]) -> None:
        self._talk = talk
        self._step: Callable[[], Call[Any]] = functools.partial(next, talk)

    def next_call(self) -> Call[Any] | None:
        """Returns what is to be asked next; None at the end."""
        try:
            return self._step()
        except StopIteration as end:
            self.result = end.value
            return None

    def answered(self, answer: object) -> None:
        """Takes the answer to the last call."""
        self._step = functools.partial(self._talk.send, answer)

    def failed(self, error: Exception) -> None:
        """Takes what the last call has raised."""
        self._step = functools.partial(self._talk.throw, error)


def _like(make: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[[Iterable[str]], None]]:
    """Returns what makes a method look like `make`, and what checks the keywords that it is given."""
    described = functools.partial(_described, make)
    return described, functools.partial(_check_keywords, make.__name__, inspect.signature(make).parameters)


def _described(make: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a method the name, documentation and, after `self`, parameters of `make`, for `help` and editors."""
    functools.update_wrapper(method, make)
    made = inspect.signature(make)
    *_, result = made.return_annotation.__args__
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
