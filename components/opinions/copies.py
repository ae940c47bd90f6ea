"""Which reviews are copies of earlier ones."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from components.opinions.reviews import Review
from components.products.reviews.phrases import clauses

Hashes = npt.NDArray[np.uint64]

# Fewer words are often the same by chance: many write "great product, fast delivery".
LEAST_WORDS = 8
_SHINGLE_WORDS = 3
# Share of both texts' shingles that they have in common, from which on one is a copy of the other.
LEAST_ALIKE = 0.7
# A pair that is alike by 0.7 meets in one of the bands with a chance of 0.98, by 0.3 with 0.09.
_BANDS, _ROWS = 16, 4
_MIXERS = np.random.default_rng(20_261_130).integers(1, 2**63, size=(2, _BANDS * _ROWS), dtype=np.uint64)


class Leader(NamedTuple):
    """The earliest review of a bucket, which others are compared with.

    Attributes:
        at: When it was written, in Unix seconds.
        key: Of the review.
        shingles: Hashes of its runs of words, sorted, uint64 as bytes.
    """

    at: int
    key: bytes
    shingles: bytes


class FindCopies(beam.PTransform):
    """Reviews to pairs of a copy's key and the key of the review that it copies.

    A copy shares seven in ten runs of three words with an earlier review, of whatever product. Candidates are found by
    MinHash in bands (Broder, "On the resemblance and containment of documents", 1997; Leskovec, Rajaraman, Ullman,
    "Mining of Massive Datasets", chapter 3), and each is compared exactly, so that none is marked that is not alike.
    What is compared is the earliest review of each band's bucket: a worker holds two reviews.
    """

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[tuple[bytes, bytes]]:
        """Adds the search to a pipeline."""
        hashed = reviews | "HashBands" >> beam.FlatMap(_banded).with_output_types(tuple[bytes, Leader])
        leaders = hashed | "FindEarliest" >> beam.CombinePerKey(min)
        return (
            {"leader": leaders, "members": hashed}
            | "JoinBuckets" >> beam.CoGroupByKey()
            | "CompareWithEarliest" >> beam.FlatMap(_copies).with_output_types(tuple[bytes, tuple[int, bytes]])
            | "TakeEarliest" >> beam.CombinePerKey(min)
            | "KeepKeys" >> beam.Map(lambda found: (found[0], found[1][1])).with_output_types(tuple[bytes, bytes])
        )


def shingles_of(text: str) -> Hashes:
    """Returns hashes of the runs of three words of a text, in small letters, sorted; none of a short text."""
    words = [word for clause in clauses(text) for word in clause]
    if len(words) < LEAST_WORDS:
        return np.empty(0, np.uint64)
    runs = {"\0".join(words[start : start + _SHINGLE_WORDS]) for start in range(len(words) - _SHINGLE_WORDS + 1)}
    digests = [hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=8).digest() for run in runs]
    return np.sort(np.frombuffer(b"".join(digests), np.uint64))


def alike(first: Hashes, second: Hashes) -> float:
    """Returns the share of all shingles of two texts that both have (Jaccard's index)."""
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / max(len(first) + len(second) - common, 1)


def bands_of(shingles: Hashes) -> list[bytes]:
    """Returns the keys of the buckets that a text falls into, one a band."""
    # Multiplication by odd numbers modulo 2^64, of which the high bits are taken (Dietzfelbinger et al., 1997).
    factors, offsets = _MIXERS[0] | np.uint64(1), _MIXERS[1]
    mixed = (shingles[:, None] * factors + offsets) >> np.uint64(16)
    signature = mixed.min(axis=0).reshape(_BANDS, _ROWS)
    return [bytes([band]) + signature[band].tobytes() for band in range(_BANDS)]


def _banded(review: Review) -> Iterator[tuple[bytes, Leader]]:
    shingles = shingles_of(review.text)
    if len(shingles):
        leader = Leader(review.at, review.key, shingles.tobytes())
        for band in bands_of(shingles):
            yield band, leader


def _copies(element: tuple[bytes, Mapping[str, Iterable[Any]]]) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    (leader,) = element[1]["leader"]
    shingles = np.frombuffer(leader.shingles, np.uint64)
    for member in element[1]["members"]:
        if member.key != leader.key and alike(np.frombuffer(member.shingles, np.uint64), shingles) >= LEAST_ALIKE:
            yield member.key, (leader.at, leader.key)
