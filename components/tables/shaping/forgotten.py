"""Users who asked to be forgotten: a list that names nobody, and the rows that are left out for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
import numpy as np
import pyarrow as pa
from tfx.dsl.io import fileio

from components.tables.contract import USER_ID
from components.tables.files.value_arrays import value_text
from components.tables.reading.source_batch import SourceBatch
from components.tables.shaping.tallies import FORGOTTEN, SET_ASIDE_KEY_PREFIX
from components.tables.user_ids import forgotten_mark


@dataclass(frozen=True, kw_only=True)
class ForgottenUsers:
    """Whom a list names.

    Attributes:
        salt: What marks are made with.
        marks: A mark of each user.
    """

    salt: str
    marks: frozenset[str]

    @classmethod
    def read(cls, reference: str) -> "ForgottenUsers":
        """Reads the list that a run was given.

        Args:
            reference: JSON with its `uri`; what else it holds tells one state of the list from another.
        """
        with fileio.open(json.loads(reference)["uri"], "r") as file:
            salt, *marks = file.read().split()
        return cls(salt=salt, marks=frozenset(marks))

    def __contains__(self, user_id: str) -> bool:
        """Says whether a user is to be forgotten."""
        return forgotten_mark(self.salt, user_id) in self.marks


class LeaveOutForgotten(beam.PTransform):
    """Leaves out the rows of forgotten users, before anything looks at them, and counts them as set aside.

    Args:
        users: Who is forgotten.
    """

    def __init__(self, users: ForgottenUsers) -> None:
        super().__init__()
        self._users = users

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Applies the transform to a PCollection of `SourceBatch`."""
        return batches | "LeaveOutForgottenRows" >> beam.ParDo(_LeaveOutDoFn(self._users))


def leave_out_forgotten(source: SourceBatch, users: ForgottenUsers) -> SourceBatch:
    """Returns the rows without those of forgotten users; tables without users stay as they are."""
    broken = tuple(each for each in source.broken if str(each.row.get(USER_ID, "")) not in users)
    gone = len(source.broken) - len(broken)
    kept = np.ones(source.batch.num_rows, np.bool_)
    if USER_ID in source.batch.schema.names:
        texts = [value_text(value) for value in source.batch.column(USER_ID).to_pylist()]
        # A user has many rows, and a hash takes longer than a look-up.
        forgotten = {text for text in set(texts) if text is not None and text in users}
        kept = np.array([text not in forgotten for text in texts], np.bool_)
    gone += int((~kept).sum())
    if not gone:
        return source
    counts = source.counts.copy()
    counts[SET_ASIDE_KEY_PREFIX + FORGOTTEN] += gone
    mask = pa.array(kept, pa.bool_())
    return replace(
        source, batch=source.batch.filter(mask), places=source.places.filter(mask), broken=broken, counts=counts
    )


class _LeaveOutDoFn(beam.DoFn):
    def __init__(self, users: ForgottenUsers) -> None:
        super().__init__()
        self._users = users

    def process(self, source: SourceBatch) -> Iterator[SourceBatch]:
        """Yields the rows."""
        yield leave_out_forgotten(source, self._users)
