"""Minutes of input that hypothesis makes and steers to what costs most, one round after another with new seeds.

FUZZ_SECONDS and FUZZ_SEED in the environment say how long, and where it begins: `FUZZ_SECONDS=3600` is the hour.
"""

import itertools
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SECONDS, SEED = float(os.environ.get("FUZZ_SECONDS", "300")), int(os.environ.get("FUZZ_SEED", "0"))
# Of the time, what belongs to warming up; by how much a process may grow afterwards.
_WARM_UP_SHARE, _MOST_GROWTH = 0.2, 1.05
_ROUND = settings(
    max_examples=200,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.target),
    suppress_health_check=list(HealthCheck),
)

# Tries one kind of input in a round of many examples, whose seed it is given.
Kind: TypeAlias = Callable[[int], None]


def kind_of_input(check: Callable[..., None], *inputs: st.SearchStrategy[Any]) -> Kind:
    """Returns the rounds of a check.

    Args:
        check: Is given an example of each of the inputs; what it calls `target` on is made large.
        inputs: Strategies.
    """
    return lambda number: seed(number)(_ROUND(given(*inputs)(check)))()


def fuzz(kinds: Sequence[Kind], process: psutil.Process) -> int:
    """Tries kinds of input in turn until the time is over; the process that takes them must not grow.

    Returns:
        The number of rounds of each kind.
    """
    begin, warm_bytes = time.monotonic(), 0
    for number in itertools.count(SEED):
        for kind in kinds:
            kind(number)
        took = time.monotonic() - begin
        if not warm_bytes and took > _WARM_UP_SHARE * SECONDS:
            warm_bytes = process.memory_info().rss
        if took > SECONDS:
            break
    end_bytes = process.memory_info().rss
    assert end_bytes < _MOST_GROWTH * warm_bytes, f"it grew from {warm_bytes} to {end_bytes} bytes"
    return number - SEED + 1
