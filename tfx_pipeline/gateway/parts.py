"""What the gateway's routes work with."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from shelfwise_client.call import Call
from tfx_pipeline.gateway.access import Access
from tfx_pipeline.gateway.catalogue import Catalogue
from tfx_pipeline.gateway.log.impressions import Impressions
from tfx_pipeline.gateway.log.writer import LogWriter
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.served_models import Said, ServedModels
from tfx_pipeline.gateway.store.records import History
from tfx_pipeline.gateway.store.store import Store
from tfx_pipeline.gateway.user_keys import UserKeys

Result = TypeVar("Result")


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

    async def ask_of_user(self, user: str, call_of: Callable[[History], Call[Result]]) -> tuple[Said[Result], History]:
        """Asks a model of a user's latest events.

        A store that others write to is asked whether the events that it gave last are still the latest. The model is
        asked of these meanwhile, and anew where they are not.

        Args:
            user: The user's key.
            call_of: Makes of a history what is asked.

        Returns:
            What the model says, and of which history.

        Raises:
            StoreError: The store does not answer.
            Refused: See `ServedModels.ask`.
            ModelsAwayError: See there.
        """
        kept = self.store.kept_history(user)
        if kept is not None:
            early = asyncio.create_task(self.models.ask(call_of(kept), user))
            # What becomes of an answer that is not waited for is nobody's concern.
            early.add_done_callback(lambda task: task.cancelled() or task.exception())
            try:
                history = await self.store.history(user)
                if history is kept:
                    return await early, history
            finally:
                early.cancel()
        else:
            history = await self.store.history(user)
        return await self.models.ask(call_of(history), user), history

    async def close(self) -> None:
        """Lets go of the models and the store."""
        await self.models.close()
        await self.store.close()
