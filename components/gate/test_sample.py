"""A sample of the test users, where there are so many that to ask about all would take longer than it tells."""

import hashlib
from dataclasses import dataclass

import apache_beam as beam

from trainer.artifacts.example_files import example_features

_RANGE = 2**64
# Examples may have come into the test split by a hash of the same ids, of which this one says nothing.
_SALT = b"test sample "


@dataclass(frozen=True)
class TestSample:
    """A share of the test users, the same ones in every run: those whose hash is low.

    Attributes:
        most: Users that are wanted; about so many are taken of more.
        users: All test users.
    """

    # Its name is not one of a test.
    __test__ = False

    most: int
    users: int

    @property
    def share(self) -> float:
        """The share of the users that is taken."""
        return min(1.0, self.most / max(self.users, 1))

    def details(self, judged: int) -> dict[str, dict[str, int]]:
        """Returns what the evaluation says of it; nothing where all users are judged.

        Args:
            judged: Users that were taken.
        """
        return {} if self.share == 1.0 else {"sampled": {"users": judged, "of": self.users}}

    def notes(self, judged: int) -> list[str]:
        """Returns the same in words."""
        if self.share == 1.0:
            return []
        return [
            f"{judged:,} of {self.users:,} test users were asked about, chosen by a hash of their ids; the metrics and "
            "their intervals are those of this sample. Raise `gate.max_users` to ask about more."
        ]


class TakeSample(beam.PTransform):
    """Serialized test examples to those of the sampled users; holds none of them.

    Args:
        sample: The share.
        feature: Name of the feature that says whose an example is.
    """

    def __init__(self, sample: TestSample, feature: str) -> None:
        super().__init__()
        self._share, self._feature = sample.share, feature

    def expand(self, examples: beam.PCollection[bytes]) -> beam.PCollection[bytes]:
        """Adds the sampling to a pipeline."""
        if self._share == 1.0:
            return examples
        return examples | "KeepLowHashes" >> beam.Filter(is_sampled, self._feature, self._share)


def is_sampled(record: bytes, feature: str, share: float) -> bool:
    """Says whether a serialized example's user is among a share of all users."""
    user_id = example_features(record)[feature].bytes_list.value[0]
    return int.from_bytes(hashlib.sha256(_SALT + user_id).digest()[:8]) < share * _RANGE
