"""The time zone of a shop, and what is said where it is not sure."""

import pytest

from tfx_pipeline.init.values.shop_zone import shop_zone
from tfx_pipeline.init.values.times import TimeGuess, guess_time

BERLIN = ["2024-01-05T10:00:00+01:00", "2024-07-05T10:00:00+02:00"]
LONDON = ["2024-01-05T10:00:00+00:00", "2024-07-05T10:00:00+01:00"]
NOWHERE = ["2024-01-05T10:00:00+01:00", "2024-01-06T10:00:00-09:00"]
WINTER = ["2024-01-05T10:00:00+00:00", "2024-02-05T10:00:00+00:00"]
YEAR = ["2024-01-05T10:00:00+00:00", "2025-01-05T10:00:00+00:00"]


def guess(times: list[str]) -> TimeGuess:
    found = guess_time(times)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("sources", "zone", "words"),
    [
        ([BERLIN], "Europe/Berlin", ["have the offsets of Europe/Berlin, which other zones have too"]),
        ([BERLIN, LONDON], "Europe/Berlin", ["have offsets of Europe/Berlin, Europe/London; Europe/Berlin was taken"]),
        ([NOWHERE], "UTC", ["No one zone has the offsets of all times (-9, +1 hours); days were taken"]),
        ([WINTER], "UTC", ["have the offset 0 and are all of a winter"]),
        ([YEAR], "UTC", []),
        ([["1700000000", "1700000100"]], "UTC", []),
        ([["2024-01-05 10:00:00"]], "UTC", ["do not say in which zone they are"]),
    ],
)
def test_the_zone_and_what_is_said_of_it(sources: list[list[str]], zone: str, words: list[str]) -> None:
    notes: list[str] = []
    assert shop_zone([guess(times) for times in sources], notes.append) == zone
    assert len(notes) == len(words)
    for note, expected in zip(notes, words, strict=True):
        assert expected in note
