"""What each node took when it ran last under a root, so that the next run knows what to expect."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FILE_NAME = "node_costs.json"

_GIBIBYTE = 2**30


class Cost(NamedTuple):
    """What a node takes.

    Attributes:
        seconds: Wall time.
        peak_bytes: Largest resident size of its process and of those that it starts.
    """

    seconds: float
    peak_bytes: int


# What is expected of a node that has not run here yet, by the end of its name.
_BY_KIND = {
    "Trainer": Cost(120.0, 3 * _GIBIBYTE),
    "Pretrainer": Cost(120.0, 3 * _GIBIBYTE),
    "Ranker": Cost(120.0, 3 * _GIBIBYTE),
    "Index": Cost(60.0, 3 * _GIBIBYTE),
    "TextVectors": Cost(60.0, 2 * _GIBIBYTE),
    "Evaluator": Cost(60.0, 2 * _GIBIBYTE),
    "Segments": Cost(30.0, 2 * _GIBIBYTE),
    "Examples": Cost(15.0, 2 * _GIBIBYTE),
    "ServingValidator": Cost(15.0, 3 * _GIBIBYTE),
}
_OTHERWISE = Cost(5.0, _GIBIBYTE)


class NodeCosts:
    """The costs of nodes, kept in a file.

    Args:
        file: Where they are kept; None keeps nothing. One that cannot be read counts as empty, since it only says what
            to expect.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known = _read(file) if file else {}

    def expected(self, node_id: str) -> Cost:
        """Returns what a node took last time, or what its kind is expected to take."""
        known = self._known.get(node_id)
        if known is not None:
            return known
        return next((cost for kind, cost in _BY_KIND.items() if node_id.endswith(kind)), _OTHERWISE)

    def keep(self, node_id: str, cost: Cost) -> None:
        """Remembers what a node took."""
        self._known[node_id] = cost
        if self._file is not None:
            partial = self._file.with_suffix(".partial")
            partial.write_text(json.dumps({name: each._asdict() for name, each in self._known.items()}, indent=1))
            partial.rename(self._file)

    def seconds_to_the_end(self, downstream: Mapping[str, Iterable[str]]) -> dict[str, float]:
        """Returns for each node the longest way through the nodes after it, its own seconds included.

        Args:
            downstream: The nodes that wait for each node; those of all nodes, without a circle.
        """
        found: dict[str, float] = {}

        def of(node_id: str) -> float:
            if node_id not in found:
                after = max((of(other) for other in downstream[node_id]), default=0.0)
                found[node_id] = after + self.expected(node_id).seconds
            return found[node_id]

        for node_id in downstream:
            of(node_id)
        return found


def _read(file: Path) -> dict[str, Cost]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {name: Cost(float(cost["seconds"]), int(cost["peak_bytes"])) for name, cost in content.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
