"""What a campaign brought, by segment: those who got the offer against those who were left out at random."""

import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.sources import TableSource
from components.tables.validation import check_rows
from tfx_pipeline.tasks.response.campaign.audience import NO_SEGMENT
from trainer.metrics.bootstrap import Interval
from trainer.metrics.treatment_effect import treatment_effect

_IMPRESSIONS = TABLES["impressions"]


class Effect(NamedTuple):
    """What an offer brought in a segment, in one measure.

    Attributes:
        treated: Mean of those who got the offer.
        control: Mean of those who did not.
        added: Difference of the two a customer, with a 95% interval.
        total: The same over all who got it.
    """

    treated: float
    control: float
    added: Interval
    total: Interval

    @property
    def shown(self) -> bool:
        """Whether the interval leaves nothing out."""
        return self.added.low > 0.0 or self.added.high < 0.0


class SegmentResult(NamedTuple):
    """What a campaign brought in a segment.

    Attributes:
        segment: Its name.
        addressed: Customers who got the offer.
        control: Customers who did not.
        responses: In responses.
        sales: In money; None where sales are not given.
    """

    segment: str
    addressed: int
    control: int
    responses: Effect
    sales: Effect | None


class CampaignRows(NamedTuple):
    """Rows of a campaign with what came of them.

    Attributes:
        segment: str `(rows,)`.
        treated: bool `(rows,)`.
        propensities: float64 `(rows,)`.
        responses: float64 `(rows,)`, 0 or 1.
        sales: float64 `(rows,)`; None where they are not given.
    """

    segment: npt.NDArray[Any]
    treated: npt.NDArray[np.bool_]
    propensities: npt.NDArray[np.float64]
    responses: npt.NDArray[np.float64]
    sales: npt.NDArray[np.float64] | None


def campaign_results(rows: CampaignRows) -> list[SegmentResult]:
    """Returns what a campaign brought in each segment, the largest first, and over all of them last."""
    names = sorted(set(rows.segment), key=lambda name: (-int((rows.segment == name).sum()), name))
    parts = {name: rows.segment == name for name in names}
    if len(parts) != 1:
        parts["all"] = np.ones(len(rows.segment), bool)
    return [
        SegmentResult(
            segment=name,
            addressed=int(rows.treated[part].sum()),
            control=int((~rows.treated[part]).sum()),
            responses=_effect(rows.responses[part], rows.treated[part], rows.propensities[part]),
            sales=None
            if rows.sales is None
            else _effect(rows.sales[part], rows.treated[part], rows.propensities[part]),
        )
        for name, part in parts.items()
    ]


def read_campaign(path: str, outcome: str, sales: str | None, control: str) -> CampaignRows:
    """Reads a campaign's rows, by the rules of the table impressions, with what came of them.

    Args:
        path: The file that `shelfwise campaign` wrote, with columns added: Parquet, CSV or JSON Lines.
        outcome: The column that says whether the customer responded.
        sales: The column that says for how much the customer bought; None for none.
        control: The treatment of those who were left out.

    Raises:
        InputError: A column or a value is missing, a row is bad, or one of the two groups is empty.
    """
    options = TableOptions(
        outcome_columns=(outcome,), numeric_columns=(sales,) if sales else (), categorical_columns=("segment",)
    )
    table = pa.Table.from_batches(list(_batches(path, options)))
    for name in ("treatment", "propensity", *((sales,) if sales else ())):
        if table[name].null_count:
            raise InputError(
                f"{path}: `{name}` should have a value in each row, {table[name].null_count:,} of {len(table):,} have "
                "none; give the file that `shelfwise campaign` wrote, with what came of each row in columns of its own"
            )
    treatments = [each.decode("utf-8", "surrogateescape") for each in table["treatment"].to_pylist()]
    treated = np.array([each != control for each in treatments], bool)
    if treated.all() or not treated.any():
        raise InputError(
            f"{path}: `treatment` should be `{control}` for those who were left out and something else for the others, "
            f"got {', '.join(f'`{name}`' for name in sorted(set(treatments)))} alone: without both groups nobody can "
            "say what the offer brought"
        )
    segment = pc.fill_null(table["segment"], NO_SEGMENT.encode()).to_pylist()
    return CampaignRows(
        segment=np.array([each.decode("utf-8", "surrogateescape") for each in segment], object),
        treated=treated,
        propensities=_numbers(table, "propensity"),
        responses=_numbers(table, outcome),
        sales=_numbers(table, sales) if sales else None,
    )


def _batches(path: str, options: TableOptions) -> Iterator[pa.RecordBatch]:
    """Yields the good rows of a file, and refuses it where any is bad."""
    # Beam, whose filesystems open the file, takes more than a second.
    from components.tables.reading.plain_columns import plain_columns
    from components.tables.shaping.planning import plan_table
    from components.tables.shaping.read_table import read_table

    plan = plan_table(_IMPRESSIONS, options, [TableSource(path=path)])
    now = time.time()
    for source in read_table(plan):
        checked = check_rows(_IMPRESSIONS, options, source.batch, now, source.form, guests=source.guests)
        if checked.bad_rows:
            place = source.places[checked.bad_rows[0]]
            raise InputError(f"{source.path}: {source.unit} {place} is not as it should be ({checked.reasons[0]})")
        yield plain_columns(checked.good)


def _effect(
    outcomes: npt.NDArray[np.float64], treated: npt.NDArray[np.bool_], propensities: npt.NDArray[np.float64]
) -> Effect:
    added = treatment_effect(outcomes, treated, propensities)
    count = int(treated.sum())
    weights = 1.0 / propensities
    treated_mean, control_mean = (
        float(np.average(outcomes[arm], weights=weights[arm])) if arm.any() else math.nan for arm in (treated, ~treated)
    )
    return Effect(treated_mean, control_mean, added, Interval(*(count * each for each in added)))


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = table[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers
