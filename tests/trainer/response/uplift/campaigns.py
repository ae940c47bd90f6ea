"""Randomised campaigns whose effects are known."""

import numpy as np

from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.uplift.treatments import Treatments

NAMES = FeatureNames(
    numbers=("spend", "visits"), categories={"club": ("no", "yes")}, items=0, positions=0, outcomes=("clicked",)
)


def campaign(rows, seed, effects=(0.3,), *, by_spend=False, chances=None):
    """Returns impressions, their treatments, and what each treatment truly adds to each row, `(rows, treatments)`.

    Members of the club are moved by a treatment's effect, others not at all; who has spent much responds more often
    anyway. With `by_spend` the treatment is given to those more often.
    """
    generator = np.random.default_rng(seed)
    spend, visits = generator.normal(size=rows), generator.normal(size=rows)
    club = generator.random(rows) < 0.5
    added = club[:, np.newaxis] * np.array(effects)
    arms = len(effects) + 1
    if by_spend:
        first = 1.0 / (1.0 + np.exp(-1.5 * spend))
        chance = np.column_stack([1.0 - first, first])
    else:
        chance = np.tile(np.full(arms, 1.0 / arms) if chances is None else np.array(chances), (rows, 1))
    arm = (generator.random(rows)[:, np.newaxis] > np.cumsum(chance, axis=1)).sum(axis=1)
    base = 0.1 + 0.4 / (1.0 + np.exp(-spend))
    each = np.arange(rows)
    true = base + np.column_stack([np.zeros(rows), added])[each, arm]
    table = FeatureTable(
        numbers=np.column_stack([spend, visits]).astype(np.float32),
        categories=(1 + club[:, np.newaxis]).astype(np.int32),
        vectors=np.zeros((rows, 0), np.float32),
        item=np.zeros(rows, np.int32),
        position=np.zeros(rows, np.int32),
        outcomes=(generator.random(rows) < true).astype(np.float32)[:, np.newaxis],
        weight=np.ones(rows, np.float32),
    )
    names = ("control", *(f"offer{number}" for number in range(1, arms)))
    return (
        table,
        Treatments(names=names, arm=arm.astype(np.int32), propensity=chance[each, arm].astype(np.float32)),
        added,
    )
