"""What the client asks the demand model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shelfwise_client.call import Call, Output, Outputs, Row, Weeks, texts
from shelfwise_client.errors import MalformedAnswer
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import DEMAND_MODEL
from shelfwise_client.protocol.tensors import FLOAT
from shelfwise_client.signature_names import SERVING_DEFAULT

_OUTPUTS = {"quantiles": Output(FLOAT, 3)}
_QUANTILES = 9


@dataclass(frozen=True)
class DemandWeek:
    """What will be sold in one of the coming weeks.

    Attributes:
        quantiles: Units at the quantiles 0.1 to 0.9, which rise.
    """

    quantiles: tuple[float, ...]

    @property
    def median(self) -> float:
        """The units that the week is as likely to exceed as not."""
        return self.quantiles[4]


def demand(
    product_id: str,
    recent_units: Sequence[float] = (),
    recent_covariates: Sequence[Sequence[float]] = (),
    known_covariates: Sequence[Sequence[float]] = (),
) -> Call[list[DemandWeek]]:
    """Says how much of a product will be sold in each of the coming weeks.

    Args:
        product_id: The product; one that the model does not know gets an answer too.
        recent_units: Units of the latest weeks, the newest last; NaN is a week of which nothing is known, as one out of
            stock. Without any, the answer comes of products with texts like its own.
        recent_covariates: What the model card's `covariates` were in the same weeks, a list a week; none for all 0.
        known_covariates: What they will be in the coming weeks, the next one first; none for all 0.

    Raises:
        ValueError: Lists are longer than the model takes, or have other columns.
        ServingError: The server did not answer.
    """
    inputs: dict[str, np.ndarray | Row | Weeks] = {
        "product_ids": texts([product_id]),
        "recent_units": Weeks(_numbers(recent_units, "recent_units"), float("nan"), past=True),
        "recent_covariates": Weeks(_numbers(recent_covariates, "recent_covariates"), 0.0, past=True),
        "known_covariates": Weeks(_numbers(known_covariates, "known_covariates"), 0.0, past=False),
    }
    return Call(DEMAND_MODEL, SERVING_DEFAULT, inputs, _read, _OUTPUTS)


def _numbers(values: Sequence[object], name: str) -> np.ndarray:
    try:
        return np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` should be numbers, a row a week, got {values!r:.80}.") from error


def _read(outputs: Outputs) -> list[DemandWeek]:
    found = outputs["quantiles"]
    if found.shape[2] != _QUANTILES:
        raise MalformedAnswer(f"output `quantiles` has {found.shape[2]} quantiles a week, not {_QUANTILES}")
    return [DemandWeek(tuple(float(value) for value in week)) for week in found[0]]


class DemandCalls:
    """The methods of a client that ask the demand model."""

    demand = ClientMethod(demand)
