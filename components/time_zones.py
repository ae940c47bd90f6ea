"""From the clock on a shop's wall to Unix time and back, for whole columns.

The rules of each zone are those of Python's `zoneinfo`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from serving.graph.time_units import DAY_SECONDS

Seconds = npt.NDArray[np.int64]

_EPOCH_ON_THE_WALL = datetime(1970, 1, 1)
# Python's datetimes end here; two days are left for the offset. What lies beyond has the offset of the nearest moment.
_FIRST = int(datetime(1, 1, 3, tzinfo=UTC).timestamp())
_LAST = int(datetime(9999, 12, 29, tzinfo=UTC).timestamp())


def unix_from_wall(wall_seconds: Seconds, zone: str) -> Seconds:
    """Returns the Unix seconds of local times.

    A time that daylight saving skips counts as if the clock had not been moved yet (02:30 in the skipped hour is
    03:30), and of a time that occurs twice the first one is meant, as `zoneinfo` has it (fold 0).

    Args:
        wall_seconds: int64 of any shape; seconds from 1970-01-01 00:00 to the local time, as if each day had 24 hours.
        zone: Name of the time zone.
    """
    if zone == "UTC":
        return wall_seconds
    rules = ZoneInfo(zone)

    def offset(seconds: int) -> timedelta | None:
        return (_EPOCH_ON_THE_WALL + timedelta(seconds=seconds)).replace(tzinfo=rules).utcoffset()

    return wall_seconds - _offsets(wall_seconds, offset)


def wall_from_unix(unix_seconds: Seconds, zone: str) -> Seconds:
    """Returns what the clock shows at moments, in seconds from 1970-01-01 00:00 as if each day had 24 hours.

    Args:
        unix_seconds: int64 of any shape.
        zone: Name of the time zone.
    """
    if zone == "UTC":
        return unix_seconds
    rules = ZoneInfo(zone)
    return unix_seconds + _offsets(unix_seconds, lambda seconds: datetime.fromtimestamp(seconds, rules).utcoffset())


def _offsets(seconds: Seconds, offset_at: Callable[[int], timedelta | None]) -> Seconds:
    """Returns the zone's offset from UTC at each time, in seconds.

    A day that begins and ends with the same offset has it throughout, so that one asks for each day, not for each row.
    """
    clipped = np.clip(seconds, _FIRST, _LAST)
    days, place = np.unique(clipped // DAY_SECONDS, return_inverse=True)
    begin, end = _each(days * DAY_SECONDS, offset_at), _each((days + 1) * DAY_SECONDS, offset_at)
    place = place.reshape(seconds.shape)
    offsets: Seconds = begin[place]
    changing = (begin != end)[place]
    moments, place = np.unique(clipped[changing], return_inverse=True)
    offsets[changing] = _each(moments, offset_at)[place]
    return offsets


def _each(seconds: Seconds, offset_at: Callable[[int], timedelta | None]) -> Seconds:
    offsets = (offset_at(moment) or timedelta() for moment in seconds.tolist())
    return np.array([offset // timedelta(seconds=1) for offset in offsets], np.int64)
