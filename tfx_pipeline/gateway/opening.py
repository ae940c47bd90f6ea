"""Opens the gateway's parts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfx_pipeline.gateway.access import Access
from tfx_pipeline.gateway.catalogue import Catalogue
from tfx_pipeline.gateway.log.impressions import Impressions
from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.gateway.log.writer import LogWriter
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.options import GatewayOptions
from tfx_pipeline.gateway.parts import Parts, Shop
from tfx_pipeline.gateway.served_models import ServedModels
from tfx_pipeline.gateway.store.sqlite_store import SqliteStore
from tfx_pipeline.gateway.store.store import Store
from tfx_pipeline.gateway.user_keys import UserKeys


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the gateway finds and keeps things.

    Attributes:
        folder: Where the store and the log are kept.
        models: HOST:PORT of the served models.
        user_id_key: Key of the hashes that stand for users; empty leaves ids as they are.
        catalogues: Files `catalogue.parquet` of a run; what sells best is said by the first one.
        forgets: Has later runs leave out a user, by all that stands for the user; None where there is no run.
    """

    folder: Path
    models: str
    user_id_key: str = ""
    catalogues: tuple[Path, ...] = ()
    forgets: Callable[[Iterable[str]], object] | None = None


def opener(options: GatewayOptions, shop: Shop, places: Places) -> Callable[[Metrics], Awaitable[Parts]]:
    """Returns what opens the gateway's parts where an event loop runs.

    Args:
        options: The configuration.
        shop: What is known of the shop.
        places: Where things are.

    Raises:
        InputError: The catalogue cannot be read.
    """
    catalogue = Catalogue.read(places.catalogues)

    async def open_parts(metrics: Metrics) -> Parts:
        store = await open_store(options, places.folder)
        log = ParquetLog(places.folder / "log", shop.outcomes)
        return Parts(
            options=options,
            shop=shop,
            users=UserKeys(places.user_id_key),
            store=store,
            models=ServedModels(places.models, options.timeout_seconds, options.other_version),
            catalogue=catalogue,
            impressions=Impressions(store, metrics, time.time),
            writer=LogWriter(store, log, options, shop.bought_event_type, metrics, time.time),
            access=Access(options.keys),
            metrics=metrics,
            shown_offers=await asyncio.to_thread(log.shown_offers),
            random=np.random.default_rng(),
            forgets=places.forgets,
        )

    return open_parts


async def open_store(options: GatewayOptions, folder: Path) -> Store:
    """Opens the store that the configuration names.

    Raises:
        StoreError: It cannot be used.
    """
    if options.store != "sqlite":
        # A third of a second, which a gateway with SQLite comes back faster without.
        from tfx_pipeline.gateway.store.redis_store import RedisStore

        return await RedisStore.open(
            options.store,
            history=options.history,
            keep_seconds=options.retention_days * 86_400.0,
            durability=options.durability,
        )
    return SqliteStore(
        folder / "store.sqlite", history=options.history, every_second=options.durability == "every_second"
    )
