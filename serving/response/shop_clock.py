"""Local time in the graph: what day of the week and which hour it is in a shop."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import tensorflow as tf

from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS

# The zone's rules as they are known for these years; outside of them the nearest offset counts.
_FIRST_YEAR, _LAST_YEAR = 2000, 2050


class ShopClock(tf.Module):
    """Tells weekday and hour of moments, by the rules that Python's `zoneinfo` has for a zone.

    Args:
        zone: Name of the time zone.
    """

    def __init__(self, zone: str) -> None:
        super().__init__(name="shop_clock")
        changes, offsets = _changes(zone)
        self._changes = tf.constant(changes, tf.int64)
        self._offsets = tf.constant(offsets, tf.int64)

    def read(self, unix_seconds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the weekday, 0 for Monday, and the hour, int64 `(batch,)`, of int64 `(batch,)` Unix seconds."""
        place = tf.searchsorted(self._changes, unix_seconds, side="right")
        wall = unix_seconds + tf.gather(self._offsets, place)
        # 1 January 1970 was a Thursday.
        return (wall // DAY_SECONDS + 3) % 7, wall % DAY_SECONDS // HOUR_SECONDS


def _changes(zone: str) -> tuple[list[int], list[int]]:
    """Returns the moments at which a zone's offset changes, and the offsets before, between and after them."""
    rules = ZoneInfo(zone)

    def offset(seconds: int) -> int:
        return (datetime.fromtimestamp(seconds, rules).utcoffset() or timedelta()) // timedelta(seconds=1)

    begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (_FIRST_YEAR, _LAST_YEAR))
    changes: list[int] = []
    offsets = [offset(begin)]
    for day in range(begin, end, DAY_SECONDS):
        before, after = offset(day), offset(day + DAY_SECONDS)
        if before == after:
            continue
        low, high = day, day + DAY_SECONDS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        changes.append(high)
        offsets.append(after)
    return changes, offsets
