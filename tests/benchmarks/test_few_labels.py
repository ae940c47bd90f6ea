"""How many seeds the few labels are drawn by."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from benchmarks import few_labels


@pytest.mark.parametrize(
    ("seconds_of_draws", "until", "expected"),
    [
        # The first is always drawn; a second one as long would end at 50.
        ([20.0, 20.0, 20.0], 49.0, 1),
        ([20.0, 20.0, 20.0], 50.0, 2),
        # After 2 + 8 s the longest counts, not the last.
        ([8.0, 2.0, 2.0], 27.0, 2),
        ([8.0, 2.0, 2.0], 28.0, 3),
    ],
)
def test_draws_end_in_time(
    seconds_of_draws: list[float], until: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=10.0)
    monkeypatch.setattr(few_labels, "time", SimpleNamespace(monotonic=lambda: clock.now))
    drawn: Iterator[int] = few_labels.draws(len(seconds_of_draws), until)
    seeds = []
    for seed in drawn:
        seeds.append(seed)
        clock.now += seconds_of_draws[seed]
    assert seeds == list(range(expected))
