"""Examples among counters: a few ids or keys of each kind, so that a note can show what it is about."""

from collections import Counter
from collections.abc import Mapping

EXAMPLES = 3
_PREFIX = "example:"
# Stands between what an example is of and the example, which may hold any other sign.
_END = "\n"


def example_key(about: str, value: str) -> str:
    """Returns the key of a counter that holds an example.

    Args:
        about: What it is an example of: one line.
        value: The example.
    """
    return f"{_PREFIX}{about}{_END}{value}"


def keep_examples(counts: Counter[str]) -> Counter[str]:
    """Leaves out all but the smallest examples of each kind, so that sums of counts stay small."""
    kept: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for key in sorted(counts):
        about = key.partition(_END)[0] if key.startswith(_PREFIX) else None
        if about is not None:
            seen[about] += 1
        if about is None or seen[about] <= EXAMPLES:
            kept[key] = counts[key]
    return kept


def examples_of(counts: Mapping[str, int], about: str) -> list[str]:
    """Returns the smallest examples of something, in the order of their characters."""
    prefix = example_key(about, "")
    return sorted(key.removeprefix(prefix) for key in counts if key.startswith(prefix))[:EXAMPLES]
