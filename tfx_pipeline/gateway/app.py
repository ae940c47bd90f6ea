"""The gateway as an application of ASGI."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from tfx_pipeline.gateway.api.events import FORMS
from tfx_pipeline.gateway.api.values import Refusal
from tfx_pipeline.gateway.edge import Edge, refusal_of
from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.parts import Parts
from tfx_pipeline.gateway.routes import events, health, offers, page, privacy, products, search, texts, users
from tfx_pipeline.gateway.store.store import StoreError, StoreFullError

_MOST_PROBLEMS = 5
_REFUSALS = {code: {"model": Refusal} for code in (400, 401, 403, 404, 413, 422, 429, 503, 507)}


def make_app(open_parts: Callable[[Metrics], Awaitable[Parts]]) -> FastAPI:
    """Returns the application.

    Args:
        open_parts: Opens what the routes work with, where the event loop runs; it is closed when the application ends.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = app.state.parts = await open_parts(metrics)
        try:
            async with parts.running():
                yield
        finally:
            await parts.close()

    # FastAPI's own page at /docs has its script from another machine.
    app = FastAPIOffline(
        title="Shelfwise gateway",
        summary="Events in, answers a second later.",
        version="1",
        redoc_url=None,
        lifespan=lifespan,
        responses=_REFUSALS,
    )
    app.add_middleware(Edge, metrics=metrics)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    for module in (events, users, offers, privacy, search, products, texts, health, page):
        app.include_router(module.router)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)  # noqa: S101  What the handler was added for.
    headers = {"Retry-After": str(error.retry_seconds)} if error.retry_seconds else None
    return refusal_of(error.status, error.words, request.state.request_id, headers)


async def _store_failed(request: Request, error: Exception) -> JSONResponse:
    status = 507 if isinstance(error, StoreFullError) else 503
    return refusal_of(status, str(error), request.state.request_id, {"Retry-After": "1"})


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  What the handler was added for.
    return refusal_of(422, _problems(error), request.state.request_id)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  What the handler was added for.
    words = "There is nothing at this path; `/docs` lists what there is." if error.status_code == 404 else error.detail
    return refusal_of(error.status_code, words, request.state.request_id, dict(error.headers or {}))


def _problems(error: RequestValidationError) -> str:
    found = []
    for detail in error.errors():
        if detail["type"] == "json_invalid":
            return f"Expected JSON, but at character {detail['loc'][-1]}: {detail['ctx']['error']}."
        inner = [str(each) for each in detail["loc"][1:] if each not in FORMS]
        place = ".".join(inner) or str(detail["loc"][0])
        expected = detail["msg"].removeprefix("Value error, ")
        got = detail.get("input")
        shown = "" if detail["type"] == "missing" or isinstance(got, dict | list) else f", got {got!r:.80}"
        problem = f"`{place}`: {expected[0].lower()}{expected[1:]}{shown}"
        if problem not in found:
            found.append(problem)
    more = len(found) - _MOST_PROBLEMS
    return "; ".join(found[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
