"""From a sample of users to the chances of all: what they did after earlier moments, and how well that is foretold."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.errors import InputError
from components.segmentation.profiles.category_habits import (
    NAMES,
    Purchases,
    bought_within,
    category_habits,
    share_of_periods,
)
from components.segmentation.profiles.chances import Chances, judge
from components.segmentation.profiles.options import ProfileOptions

SAMPLE_SCHEMA = pa.schema(
    [
        ("user_id", pa.binary()),
        ("share", pa.float64()),
        ("moment", pa.int64()),
        ("habits", pa.list_(pa.float32())),
        ("bought", pa.list_(pa.bool_())),
        ("shares", pa.list_(pa.float32())),
    ]
)


def sample_rows(
    purchases: Purchases,
    ids: pa.Array,
    shares: npt.NDArray[np.float64],
    popularity: npt.NDArray[np.float64],
    options: ProfileOptions,
    end: int,
) -> pa.Table:
    """Returns what users had done at each moment to learn at, and what they did next, with `SAMPLE_SCHEMA`.

    Args:
        purchases: Of the users.
        ids: Their ids, binary `(users,)`.
        shares: A number of each that is the same in every run.
        popularity: Of the categories.
        options: The moments.
        end: Unix seconds of the end of the events.
    """
    users, categories, period = len(ids), len(popularity), options.chance_seconds
    tables = []
    for moment in training_moments(options, end):
        known = np.flatnonzero(np.bincount(purchases.user[purchases.time < moment], minlength=users))
        habits = category_habits(purchases, users, popularity, moment, period)[known]
        bought = bought_within(purchases, users, categories, moment, moment + period)[known]
        before = share_of_periods(purchases, users, categories, moment, period)[known]
        tables.append(
            pa.table(
                [
                    ids.take(pa.array(known)),
                    shares[known],
                    np.full(len(known), moment),
                    _lists(habits.reshape(len(known), -1), pa.float32()),
                    _lists(bought, pa.bool_()),
                    _lists(before, pa.float32()),
                ],
                schema=SAMPLE_SCHEMA,
            )
        )
    return pa.concat_tables(tables)


def training_moments(options: ProfileOptions, end: int) -> list[int]:
    """Returns the moments to learn at, the latest first; what follows each is known."""
    return [end - number * options.chance_seconds for number in range(1, options.moments + 1)]


def learn_chances(sample: pa.Table, judged: npt.NDArray[np.bool_], seed: int) -> tuple[Chances, dict[str, Any]]:
    """Learns from a sample, and judges by the users that are kept out of it, at their latest moment.

    Args:
        sample: With `SAMPLE_SCHEMA`; a row or more.
        judged: Which rows are of users to judge by.
        seed: Of the training.

    Raises:
        InputError: Nobody bought anything after the moments to learn at, or everybody did everything.
    """
    habits, shares = (np.stack(sample[name].to_numpy()) for name in ("habits", "shares"))
    bought: npt.NDArray[np.bool_] = np.stack(sample["bought"].to_numpy()).astype(np.bool_)
    habits = habits.reshape(len(habits), -1, len(NAMES)).astype(np.float32)
    learned = ~judged
    if len(np.unique(bought[learned])) < 2:
        raise InputError(
            "Chances to buy cannot be learned: no user has both bought and not bought in a category within "
            "`tasks.segmentation.profiles.chance_days` after an earlier purchase. Give events over a longer time, or "
            "leave `tasks.segmentation.profiles.enabled` out."
        )
    chances = Chances.fit(habits[learned].reshape(-1, len(NAMES)), bought[learned].ravel(), seed)
    moments = sample["moment"].to_numpy()
    asked = judged & (moments == moments.max())
    facts: dict[str, Any] = {"users": len({*sample["user_id"].to_pylist()}), "judged_users": int(asked.sum())}
    if asked.any():
        found = judge(chances.of(habits[asked]).ravel(), bought[asked].ravel(), shares[asked].ravel())
        facts |= found._asdict()
    return chances, facts


def _lists(values: npt.NDArray[Any], kind: pa.DataType) -> pa.ListArray:
    offsets = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
    return pa.ListArray.from_arrays(offsets, pa.array(values.ravel(), kind))
