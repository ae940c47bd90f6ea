"""Which time zone a shop seems to be in, and how sure that is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from serving.graph.time_units import DAY_SECONDS
from tfx_pipeline.init.values.times import TimeGuess

_SUMMER = range(4, 10)
_YEAR_DAYS = 366


def shop_zone(times: Sequence[TimeGuess], note: Callable[[str], None]) -> str:
    """Returns the time zone that times speak for; UTC where they speak for none.

    Args:
        times: How the times of each source are written.
        note: Takes a remark on what is not sure.
    """
    zones = list(dict.fromkeys(time.zone for time in times if time.zone))
    taken = zones[0] if zones else "UTC"
    if any(time.offsets and time.zone is None for time in times):
        offsets = sorted(frozenset[timedelta]().union(*(time.offsets for time in times)))
        shown = ", ".join(f"{offset.total_seconds() / 3600:+g}" for offset in offsets)
        note(
            f"No one zone has the offsets of all times ({shown} hours); days were taken to begin as in {taken}: see "
            "`time_zone`."
        )
    elif len(zones) > 1:
        note(f"The times of the files have offsets of {', '.join(zones)}; {taken} was taken: see `time_zone`.")
    elif taken != "UTC":
        note(f"The times have the offsets of {taken}, which other zones have too: see `time_zone`.")
    elif any(time.offsets for time in times) and not any(map(_has_summer, times)):
        note("The times have the offset 0 and are all of a winter, when London has it too: see `time_zone`.")
    elif not zones and any(not time.names_zone for time in times):
        note("The times do not say in which zone they are, and UTC was taken: see `time_zone`.")
    return taken


def _has_summer(time: TimeGuess) -> bool:
    """Says whether a day between the first and the last moment is of the months when Europe sets its clocks forward."""
    days = min(_YEAR_DAYS, int((time.last - time.first) // DAY_SECONDS) + 1)
    moments = (min(time.first + day * DAY_SECONDS, time.last) for day in range(days + 1))
    return any(datetime.fromtimestamp(moment, UTC).month in _SUMMER for moment in moments)
