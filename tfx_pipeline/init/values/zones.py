"""Which time zone moments with offsets were written in."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

# Zones that differ in their offsets or in when these change, the one with the most people first.
_ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Helsinki", "Europe/Moscow", "Europe/Istanbul", "America/New_York",
    "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Sao_Paulo",
    "America/Mexico_City", "America/Bogota", "America/Halifax", "Asia/Shanghai", "Asia/Tokyo", "Asia/Kolkata",
    "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka", "Asia/Bangkok", "Asia/Manila", "Asia/Jerusalem", "Australia/Sydney",
    "Australia/Brisbane", "Australia/Adelaide", "Pacific/Auckland", "Africa/Lagos", "Africa/Johannesburg",
    "Africa/Nairobi",
)  # fmt: skip


def zone_of(moments: Sequence[datetime]) -> str | None:
    """Returns the first of the common time zones that has the offsets of all moments; None if none has.

    Args:
        moments: Moments with offsets.
    """
    for name in _ZONES:
        zone = ZoneInfo(name)
        if all(moment.astimezone(zone).utcoffset() == moment.utcoffset() for moment in moments):
            return name
    return None
