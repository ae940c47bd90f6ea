"""Which of a model's versions are served at once, as in TF Serving's `model_version_policy`."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Latest:
    """The highest versions.

    Args:
        count: How many; at least 1.
    """

    count: int = 1

    def choose(self, versions: Collection[int]) -> set[int]:
        """Returns those of `versions` that are to be served."""
        return set(sorted(versions)[-self.count :])


@dataclass(frozen=True)
class All:
    """Every version."""

    def choose(self, versions: Collection[int]) -> set[int]:
        """Returns those of `versions` that are to be served."""
        return set(versions)


@dataclass(frozen=True)
class Specific:
    """Versions that are named.

    Args:
        versions: Their numbers.
    """

    versions: frozenset[int]

    def choose(self, versions: Collection[int]) -> set[int]:
        """Returns those of `versions` that are to be served."""
        return set(versions) & self.versions


VersionPolicy: TypeAlias = Latest | All | Specific
