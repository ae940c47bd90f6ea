"""Minutes of input that hypothesis makes and steers to what costs most, one round after another with new seeds.

FUZZ_SECONDS and FUZZ_SEED in the environment say how long, and where it begins: `FUZZ_SECONDS=3600` is the hour.
"""

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

_LOG = logging.getLogger(__name__)

SECONDS, SEED = float(os.environ.get("FUZZ_SECONDS", "300")), int(os.environ.get("FUZZ_SEED", "0"))
# Of the time, what belongs to warming up; by how much a process may grow afterwards.
_WARM_UP_SHARE, _MOST_GROWTH = 0.2, 1.05
_LEAST_TURNS = 20
_ROUND = settings(
    max_examples=200,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.target),
    suppress_health_check=list(HealthCheck),
)


class _TimeIsOver(BaseException):
    """Ends a round: hypothesis catches every Exception, and takes it for a fault."""


class Kind:
    """One kind of input, tried in rounds of many examples.

    Args:
        check: Is given an example of each of the inputs; what it calls `target` on is made large.
        inputs: Strategies.

    Attributes:
        examples: How many have been tried.
    """

    def __init__(self, check: Callable[..., None], *inputs: st.SearchStrategy[Any]) -> None:
        self._check, self._inputs = check, st.tuples(*inputs)
        self.examples = 0

    def run(self, number: int, ends_at: float) -> None:
        """Runs a round with the seed `number`, until `ends_at` at the latest.

        A round has no end of its own: what takes time never takes the same, and hypothesis takes that for progress.
        """

        def one(example: tuple[Any, ...]) -> None:
            if time.monotonic() >= ends_at:
                raise _TimeIsOver
            self.examples += 1
            self._check(*example)

        with contextlib.suppress(_TimeIsOver):
            seed(number)(_ROUND(given(self._inputs)(one)))()


def fuzz(kinds: Sequence[Kind], process: psutil.Process) -> None:
    """Tries kinds of input in turn until the time is over; the process that takes them must not grow."""
    begin, warm_bytes = time.monotonic(), 0
    ends_at = begin + SECONDS
    for number in itertools.count(SEED):
        for kind in kinds:
            # Each kind gets its turns, however long one of them would go on.
            kind.run(number, min(ends_at, time.monotonic() + SECONDS / _LEAST_TURNS))
        if not warm_bytes and time.monotonic() > begin + _WARM_UP_SHARE * SECONDS:
            warm_bytes = process.memory_info().rss
        if time.monotonic() > ends_at:
            break
    end_bytes = process.memory_info().rss
    examples = [kind.examples for kind in kinds]
    _LOG.info("%s examples; %d bytes when warm, %d at the end", examples, warm_bytes, end_bytes)
    assert end_bytes < _MOST_GROWTH * warm_bytes, f"it grew from {warm_bytes} to {end_bytes} bytes"
