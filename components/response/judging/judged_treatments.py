"""The columns of judged impressions that say what each user got, and what was expected of it."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.response.judging.uplift_summary import JudgedRows
from trainer.response.examples import Impressions

_TREATMENT, _PROPENSITY, _USER = "treatment", "propensity", "user"


def treatment_schema(names: Sequence[str]) -> pa.Schema:
    """Returns the columns: treatment, propensity, a hash of the user, and what is expected under each treatment."""
    expected = [(f"expected: {name}", pa.float32()) for name in names]
    return pa.schema([(_TREATMENT, pa.binary()), (_PROPENSITY, pa.float32()), (_USER, pa.int64()), *expected])


def treatment_columns(
    impressions: Impressions, expected: npt.NDArray[np.float32], names: Sequence[str]
) -> dict[str, Any]:
    """Returns the columns of `treatment_schema`.

    Args:
        impressions: What is judged.
        expected: float32 `(rows, treatments)`.
        names: The treatments.
    """
    unknown = np.isnan(impressions.propensity)
    return {
        _TREATMENT: pa.array(impressions.treatment.tolist(), pa.binary()),
        _PROPENSITY: pa.array(impressions.propensity.astype(np.float32), mask=unknown),
        _USER: pa.array([_hash_of(user) if user else None for user in impressions.users.tolist()], pa.int64()),
        **{f"expected: {name}": expected[:, place] for place, name in enumerate(names)},
    }


def shown_rows(judged: pa.Table, names: Sequence[str]) -> pa.Table:
    """Returns the rows that were shown: all but those of the control, the first of `names`."""
    held = pa.scalar(names[0].encode("utf-8", "surrogateescape"), pa.binary())
    return judged.filter(pc.not_equal(judged[_TREATMENT], held))


def judged_rows(judged: pa.Table, outcome: str, names: Sequence[str]) -> JudgedRows:
    """Returns the rows that name one of the treatments.

    Where a propensity is missing, the share of each treatment among them stands for all.

    Args:
        judged: With the columns of `treatment_schema`.
        outcome: Name of the column with the outcome.
        names: The treatments.
    """
    known = pa.array([name.encode("utf-8", "surrogateescape") for name in names], pa.binary())
    rows = judged.filter(pc.is_in(judged[_TREATMENT], value_set=known))
    rows = rows.sort_by([(name, "ascending") for name in rows.column_names])
    arm = pc.index_in(rows[_TREATMENT], value_set=known).to_numpy().astype(np.int64)
    if rows[_PROPENSITY].null_count:
        shares = np.bincount(arm, minlength=len(names)) / max(len(arm), 1)
        propensities = shares[arm]
    else:
        propensities = rows[_PROPENSITY].to_numpy().astype(np.float64)
    users = rows[_USER].to_numpy(zero_copy_only=False).astype(np.float64)
    # A user whom nobody knows is like no other one.
    alone = np.isnan(users)
    users[alone] = -1.0 - np.arange(alone.sum())
    return JudgedRows(
        names=tuple(names),
        arm=arm,
        propensities=propensities,
        outcomes=rows[outcome].to_numpy().astype(np.float64),
        expected=np.column_stack([rows[f"expected: {name}"].to_numpy().astype(np.float64) for name in names]),
        users=np.unique(users, return_inverse=True)[1],
    )


def _hash_of(user: bytes) -> int:
    """Returns a number for a user that a float64 holds exactly."""
    return int.from_bytes(hashlib.sha256(user).digest()[:6], "big")
