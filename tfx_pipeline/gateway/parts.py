"""What the gateway's routes work with."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from tfx_pipeline.gateway.access import Access
from tfx_pipeline.gateway.catalogue import Catalogue
from tfx_pipeline.gateway.log.impressions import Impressions
from tfx_pipeline.gateway.log.writer import LogWriter
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.served_models import ServedModels
from tfx_pipeline.gateway.store.store import Store
from tfx_pipeline.gateway.user_keys import UserKeys


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the gateway is told of the shop.

    Attributes:
        event_types: Types of events that are taken; empty for any.
        bought_event_type: The type that says that something was bought.
        outcomes: Outcomes of impressions that the response model learns, beside `clicked` and `purchased`.
        low_rated_type: The type that an event counts as whose `value` is low; None where ratings are not read.
    """

    event_types: tuple[str, ...] = ()
    bought_event_type: str = "purchase"
    outcomes: tuple[str, ...] = ()
    low_rated_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the gateway's routes work with.

    Attributes:
        options: The configuration.
        shop: What is known of the shop.
        users: Makes the keys that stand for users.
        store: Where users' last events live.
        models: The served models.
        catalogue: The products.
        impressions: Takes down what is shown.
        writer: Moves what the store has into the log.
        access: Who may ask.
        metrics: What is counted.
        shown_offers: How often each offer was shown, as far as the log goes.
        random: Where chance comes from.
        now: Returns Unix seconds.
        forgets: Has later runs leave out a user, by all that stands for the user; None where there is no run.
    """

    options: GatewayOptions
    shop: Shop
    users: UserKeys
    store: Store
    models: ServedModels
    catalogue: Catalogue
    impressions: Impressions
    writer: LogWriter
    access: Access
    metrics: Metrics
    shown_offers: Counter[str]
    random: np.random.Generator
    now: Callable[[], float] = time.time
    forgets: Callable[[Iterable[str]], object] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keeps what is shown and writes the log now and then while the context lasts, and once more at its end."""
        stop = asyncio.Event()
        working = [asyncio.create_task(each.run(stop)) for each in (self.impressions, self.writer)]
        try:
            yield
        finally:
            # First, so that the log has it.
            await self.impressions.settle()
            stop.set()
            await asyncio.gather(*working)

    async def close(self) -> None:
        """Lets go of the models and the store."""
        await self.models.close()
        await self.store.close()
