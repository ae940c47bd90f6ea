"""Asks by the awaited client from a test that is not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from serving.client import AsyncShelfwise


def awaited(address: str, ask: Callable[[AsyncShelfwise], Awaitable[Any]], **options: Any) -> Any:
    """Returns what `ask` returns when it is awaited."""

    async def run() -> Any:
        async with AsyncShelfwise(address, **{"timeout_seconds": 20, **options}) as client:
            return await ask(client)

    return asyncio.run(run())
