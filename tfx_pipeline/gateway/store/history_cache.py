"""The histories that were read last, so that a visit's next questions read nothing."""

from collections import OrderedDict

from tfx_pipeline.gateway.store.records import History

# Some 150 bytes each.
_MOST_EVENTS = 200_000


class HistoryCache:
    """Keeps histories, those that were asked for last.

    Where nobody else writes, whoever adds to a user's events takes the user out when that is done: who reads in between
    gets what was acknowledged before. Where others do, a history is kept with its version, which the store compares.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[History, bytes | None]] = OrderedDict()
        self._events = 0

    def get(self, user: str) -> History | None:
        """Returns the history of a user, if it is there."""
        return self.get_with_version(user)[0]

    def get_with_version(self, user: str) -> tuple[History | None, bytes | None]:
        """Returns the history of a user and its version; None twice if it is not there."""
        kept = self._kept.get(user)
        if kept is None:
            return None, None
        self._kept.move_to_end(user)
        return kept

    def put(self, user: str, history: History, version: bytes | None = None) -> None:
        """Keeps a history, in place of those that were not asked for longest."""
        self.drop(user)
        self._kept[user] = (history, version)
        self._events += len(history.product_ids) + 1
        while self._events > _MOST_EVENTS:
            self.drop(next(iter(self._kept)))

    def drop(self, user: str) -> None:
        """Takes a user out."""
        history, _ = self._kept.pop(user, (None, None))
        if history is not None:
            self._events -= len(history.product_ids) + 1

    def clear(self) -> None:
        """Takes all out."""
        self._kept.clear()
        self._events = 0
