"""Parameters that several routes have."""

from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import StringConvertor, register_url_convertor

from tfx_pipeline.gateway.api.values import MOST_ID_CHARACTERS, Amount, Id, ShortText
from tfx_pipeline.gateway.options import Role
from tfx_pipeline.gateway.parts import Parts

MOST_K = 1000
_MOST_EXCLUDED = 100


class _IdConvertor(StringConvertor):
    """Any text: an id may hold slashes and line breaks, so it takes all of the path up to what the route ends with."""

    regex = "(?s:.*)"


# Routes name it as in `{user_id:id}`.
register_url_convertor("id", _IdConvertor())
PathId = Annotated[Id, Path(max_length=MOST_ID_CHARACTERS)]
K = Annotated[int, Query(ge=1, le=MOST_K, description="How many at the most.")]
OPTIONAL_USER = "Who it is shown to, for the log; empty for nobody known."
OptionalUser = Annotated[ShortText, Query(description=OPTIONAL_USER)]


class Filters(BaseModel):
    """What an answer may hold, as the models' signature `filtered` has it: all of a query's parameters in one model.

    A dependency that makes them would be called on another thread, for each request.

    Attributes:
        k: How many products at the most.
        category: First levels of a category, joined by " > "; empty for any.
        max_price: Highest price; 0 for any.
        in_stock_only: Whether to leave out what is out of stock.
        exclude_ids: Products to leave out.
    """

    model_config = ConfigDict(frozen=True)

    k: Annotated[int, Field(ge=1, le=MOST_K, description="How many at the most.")] = 10
    category: Annotated[ShortText, Field(description='First levels, joined by " > "; empty for any.')] = ""
    max_price: Annotated[Amount, Field(description="Highest price; 0 for any.")] = 0.0
    in_stock_only: Annotated[bool, Field(description="Whether to leave out what is out of stock.")] = False
    exclude_ids: Annotated[tuple[Id, ...], Field(max_length=_MOST_EXCLUDED, description="Products to leave out.")] = ()


class Asked(NamedTuple):
    """What a route works with.

    Attributes:
        parts: The gateway's parts.
        request_id: The request's id.
    """

    parts: Parts
    request_id: str


def _by_whoever_may(role: Role | None) -> Callable[[Request], Awaitable[Asked]]:
    """Returns what lets a request through that has a role's key; one dependency, as each costs time."""

    async def asked(request: Request) -> Asked:
        parts: Parts = request.app.state.parts
        if role is not None:
            parts.access.check(request, role)
        return Asked(parts, request.state.request_id)

    return asked


ToRead = Annotated[Asked, Depends(_by_whoever_may("read"))]
ToSendEvents = Annotated[Asked, Depends(_by_whoever_may("events"))]
ToDelete = Annotated[Asked, Depends(_by_whoever_may("delete"))]
ByAnybody = Annotated[Asked, Depends(_by_whoever_may(None))]
