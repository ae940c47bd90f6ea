"""Takes down what is shown, behind the answer that shows it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfx_pipeline.gateway.log.rows import PROPENSITIES, SHOWN
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.store.records import Kind, Record
from tfx_pipeline.gateway.store.store import Store, StoreError

_LOG = logging.getLogger(__name__)
# Answers and queries that are not in the store yet; more are counted as lost.
_MOST_WAITING = 2000
# A Redis that has each write on disk answers nobody meanwhile, so what is shown is written seldom.
_TOGETHER_SECONDS = 0.25
SEARCH = "search"


@dataclass(frozen=True, slots=True)
class SeenOffer:
    """An offer that a user saw.

    Attributes:
        offer_id: The offer.
        at: When, in Unix seconds.
        outcome: What came of it; empty for nothing.
    """

    offer_id: str
    at: float
    outcome: str


class Impressions:
    """Takes down what was shown to whom, and where.

    An answer does not wait for that: the store has it a quarter of a second later. What a crash takes in between
    was shown and is not in the log; nothing in the log was not shown.

    Args:
        store: Where it is kept.
        metrics: Where it is counted.
        now: Returns Unix seconds.
    """

    def __init__(self, store: Store, metrics: Metrics, now: Callable[[], float]) -> None:
        self._store, self._metrics, self._now = store, metrics, now
        self._waiting: list[Record] = []
        self._writing = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Puts what was shown into the store now and then, until it is to stop."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _TOGETHER_SECONDS)
            await self.settle()

    def show(
        self,
        user: str,
        request_id: str,
        placement: str,
        ids: Sequence[str],
        model: str = "",
        version: int = 0,
        *,
        offers: bool = False,
        propensities: Sequence[float | None] = (),
    ) -> None:
        """Takes down that products or offers were shown; what nobody known was shown has no outcome, and is left out.

        Args:
            user: The key of the user; empty where nobody is known.
            request_id: The answer.
            placement: Where it was shown.
            ids: What was shown, from the first place on.
            model: What chose it; empty where no model did.
            version: The model's version.
            offers: Whether they are offers.
            propensities: How probable it was that each was shown there, where chance had a hand in it.
        """
        if user and ids:
            self._keep([self._shown(user, request_id, placement, ids, model, version, offers, propensities)])

    def ask(
        self, user: str, request_id: str, query: str, ids: Sequence[str], model: str = "", version: int = 0
    ) -> None:
        """Takes down a query and what was shown for it; see `show`."""
        asked = Record(
            kind="queries",
            user=user,
            at=self._now(),
            id=request_id,
            subject=query,
            name=model,
            request=request_id,
            more={"version": version, "results": len(ids), SHOWN: list(ids) if user else []},
        )
        shown = [self._shown(user, request_id, SEARCH, ids, model, version, False, ())] if user and ids else []
        self._keep([asked, *shown])

    async def latest(self, user: str, kind: Kind) -> list[Record]:
        """Returns the latest answers of a kind that a user saw, the newest last, those of just now as well."""
        waiting = [record for record in self._waiting if (record.user, record.kind) == (user, kind)]
        kept = await self._store.latest(user, kind)
        known = {record.id for record in kept}
        return [*kept, *(record for record in waiting if record.id not in known)]

    async def seen_offers(self, user: str) -> list[SeenOffer]:
        """Returns the latest offers that a user saw, the newest last, with what came of each."""
        shown = await self.latest(user, "offers")
        outcomes = {(each.request, each.subject): each.name for each in await self._store.latest(user, "outcomes")}
        return [
            SeenOffer(offer, each.at, outcomes.get((each.request, offer), ""))
            for each in shown
            for offer in each.more[SHOWN]
        ]

    async def settle(self) -> None:
        """Has all that was shown so far in the store, or counted as lost, before it returns."""
        async with self._writing:
            # In one step of the store, and by one fsync; until that is done they wait, for whoever looks for them.
            records = list(self._waiting)
            if not records:
                return
            try:
                await self._store.add(records)
            except StoreError as error:
                self._metrics.lost.inc(len(records))
                _LOG.warning("What was shown could not be kept: %s", error)
            finally:
                del self._waiting[: len(records)]

    def _shown(
        self,
        user: str,
        request_id: str,
        placement: str,
        ids: Sequence[str],
        model: str,
        version: int,
        offers: bool,
        propensities: Sequence[float | None],
    ) -> Record:
        more: dict[str, Any] = {"placement": placement, "version": version, SHOWN: list(ids)}
        if propensities:
            more[PROPENSITIES] = list(propensities)
        kind: Kind = "offers" if offers else "impressions"
        # One record an answer; a request that is sent again with its id shows the same once.
        return Record(kind, user, self._now(), f"{request_id}:{placement}", placement, model, request_id, more)

    def _keep(self, records: Sequence[Record]) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._metrics.lost.inc()
            return
        self._waiting.extend(records)
