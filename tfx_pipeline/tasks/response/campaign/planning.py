"""Whom to address with an offer for a budget, and whom to leave out at random to tell what it brought."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tfx_pipeline.tasks.response.campaign.audience import NO_SEGMENT, Audience

# What a campaign's treatments are called where the model knows none.
OFFER, CONTROL = "offer", "control"
# The rows of a campaign fit the table impressions.
CAMPAIGN_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("offer_id", pa.string()),
        ("campaign_id", pa.string()),
        ("shown_at", pa.timestamp("s", "UTC")),
        ("treatment", pa.string()),
        ("propensity", pa.float64()),
        ("segment", pa.string()),
        ("probability", pa.float32()),
        ("uplift", pa.float32()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a campaign may cost, and how it is measured.

    Attributes:
        budget: What addressing customers may cost in all.
        cost: What addressing one costs.
        value: What a response is worth; None where that is not said.
        control: Share of the chosen customers who are left out at random.
    """

    budget: float
    cost: float = 1.0
    value: float | None = None
    control: float = 0.1

    @property
    def most_addressed(self) -> int:
        """How many customers the budget is for."""
        # A budget of 0.3 is for three customers at 0.1 each, whatever the quotient of the two is in binary.
        return math.floor(self.budget / self.cost + 1e-9)

    @property
    def least_uplift(self) -> float:
        """The uplift above which addressing a customer pays."""
        return self.cost / self.value if self.value else 0.0


def plan_campaign(audience: Audience, offer_id: str, campaign_id: str, shown_at: int, terms: Terms) -> pa.Table:
    """Chooses customers, and parts them at random into those who get the offer and those who do not.

    The customers to whom the offer adds most come first; without an uplift, those who respond most probably. Whom it
    adds nothing to, or less than it costs, is left out whatever the budget is. Within each segment a fixed share is
    drawn by the sha256 of campaign and user, so that the same call draws the same, and `propensity` is exact.

    Args:
        audience: Whom the offer may go to.
        offer_id: The offer.
        campaign_id: Written into the rows.
        shown_at: Unix seconds, written into the rows.
        terms: What it may cost.

    Returns:
        With `CAMPAIGN_SCHEMA`, best first, those left out among the others. Empty where the offer pays for nobody.
    """
    users = audience.users
    uplift = _numbers(users, "uplift")
    known = bool(len(users)) and not np.isnan(uplift).any()
    worth = uplift if known else _numbers(users, "probability")
    ids = users["user_id"].to_pylist()
    # Equal customers come in an order that has nothing to do with who they are.
    best = np.lexsort((_draws(f"{campaign_id}\0order", ids), -worth))
    if known:
        best = best[worth[best] > terms.least_uplift]
    segments = np.array([each or NO_SEGMENT for each in users["segment"].to_pylist()], object)
    chosen, held, propensities = _parted(best, segments, _draws(campaign_id, ids), terms)
    rows = users.take(pa.array(chosen))
    control = str(audience.facts.get("control") or CONTROL)
    offered = [each or OFFER for each in rows["treatment"].to_pylist()]
    return pa.table(
        {
            "user_id": rows["user_id"],
            "offer_id": [offer_id] * len(rows),
            "campaign_id": [campaign_id] * len(rows),
            "shown_at": [shown_at] * len(rows),
            "treatment": [control if out else name for out, name in zip(held, offered, strict=True)],
            "propensity": propensities,
            "segment": segments[chosen].tolist(),
            "probability": rows["probability"],
            "uplift": rows["uplift"],
        },
        CAMPAIGN_SCHEMA,
    )


def segment_rows(campaign: pa.Table, control: str, terms: Terms) -> list[dict[str, Any]]:
    """Sums a campaign up by segment, the largest first, and over all of them last.

    Args:
        campaign: What `plan_campaign` returned.
        control: The treatment of those who are left out.
        terms: Its terms.

    Returns:
        For each segment `segment`, `addressed`, `control`, and of those addressed `responses` and `cost`, the
        `uplift` in responses that the offer adds (None where it is not known), and `gain`, what they are worth
        beyond the cost (None where a response has no value).
    """
    addressed = np.array([each != control for each in campaign["treatment"].to_pylist()], bool)
    probability, uplift = _numbers(campaign, "probability"), _numbers(campaign, "uplift")
    segments = np.array(campaign["segment"].to_pylist(), object)
    names = sorted(set(segments), key=lambda name: (-int((segments == name).sum()), name))
    parts: Mapping[str, npt.NDArray[np.bool_]] = {name: segments == name for name in names}
    if len(parts) != 1:
        parts = {**parts, "all": np.ones(len(segments), bool)}
    rows = []
    for name, part in parts.items():
        own = part & addressed
        added = float(uplift[own].sum()) if not np.isnan(uplift).any() else None
        cost = terms.cost * int(own.sum())
        rows.append(
            {
                "segment": name,
                "addressed": int(own.sum()),
                "control": int((part & ~addressed).sum()),
                "responses": float(probability[own].sum()),
                "uplift": added,
                "cost": cost,
                "gain": None if terms.value is None or added is None else terms.value * added - cost,
            }
        )
    return rows


def _parted(
    best: npt.NDArray[np.int64], segments: npt.NDArray[Any], draws: npt.NDArray[np.uint64], terms: Terms
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Returns the chosen, who of them is left out, and the probability of what each got.

    As many are chosen as leave the budget's customers once the control group is taken out.
    """
    most = terms.most_addressed
    size = min(len(best), math.floor(most / (1.0 - terms.control) + 1e-9))
    while True:
        chosen = best[:size]
        held, propensities = np.zeros(size, bool), np.ones(size)
        for name in set(segments[chosen]):
            places = np.flatnonzero(segments[chosen] == name)
            left_out = _control_size(len(places), terms.control)
            first = places[np.argsort(draws[chosen[places]], kind="stable")][:left_out]
            held[first] = True
            share = left_out / len(places)
            propensities[places] = np.where(held[places], share, 1.0 - share)
        over = int((~held).sum()) - most
        if over <= 0:
            return chosen, held, propensities
        size -= over


def _control_size(customers: int, share: float) -> int:
    """Returns how many of a segment are left out: at least one where somebody is to be, and never all."""
    if share <= 0.0 or customers < 2:
        return 0
    return min(customers - 1, max(1, round(share * customers)))


def _draws(salt: str, user_ids: list[str]) -> npt.NDArray[np.uint64]:
    """Returns a number for each user that is as good as drawn, and the same whenever it is asked for."""
    hashes = (hashlib.sha256(f"{salt}\0{user}".encode("utf-8", "surrogateescape")) for user in user_ids)
    return np.array([int.from_bytes(each.digest()[:8], "big") for each in hashes], np.uint64)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Returns a column as float64, NaN where there is no value."""
    numbers: npt.NDArray[np.float64] = table[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers
