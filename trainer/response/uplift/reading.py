"""The treatments of impressions, as an artifact of examples has them."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from trainer.response.uplift.treatments import Treatments


class TreatedRows(Protocol):
    """Impressions that say what each user got: bytes `treatment`, empty where unknown, and float `propensity`."""

    treatment: npt.NDArray[np.object_]
    propensity: npt.NDArray[np.floating]


class KnownTreatments(NamedTuple):
    """The impressions that say what was given.

    Attributes:
        rows: int64, their places.
        treatments: Theirs.
        given: Whether each says how probable that was; where any does not, each treatment's share stands for all.
    """

    rows: npt.NDArray[np.int64]
    treatments: Treatments
    given: bool


def treatment_names(impressions: TreatedRows, control: str) -> tuple[str, ...]:
    """Returns the treatments that are named, the control first even where no row has it; none where none is named."""
    named = sorted({value for value in impressions.treatment.tolist() if value})
    others = [value.decode("utf-8", "surrogateescape") for value in named]
    return (control, *(name for name in others if name != control)) if others else ()


def known_treatments(impressions: TreatedRows, names: tuple[str, ...]) -> KnownTreatments | None:
    """Returns the treatments of the impressions that have one of `names`.

    Args:
        impressions: The impressions.
        names: The control, and the other treatments.

    Returns:
        None where there are fewer than two names, or one of them has no row.
    """
    place_of = {name.encode("utf-8", "surrogateescape"): place for place, name in enumerate(names)}
    arm = np.array([place_of.get(value, -1) for value in impressions.treatment.tolist()], np.int32)
    rows = np.flatnonzero(arm >= 0)
    counts = np.bincount(arm[rows], minlength=len(names))
    if len(names) < 2 or not counts.all():
        return None
    propensity = impressions.propensity[rows].astype(np.float32)
    given = not np.isnan(propensity).any()
    if not given:
        propensity = (counts / counts.sum()).astype(np.float32)[arm[rows]]
    return KnownTreatments(rows, Treatments(names=names, arm=arm[rows], propensity=propensity), given)


def was_shown(impressions: TreatedRows, control: str) -> npt.NDArray[np.bool_]:
    """Tells which impressions were shown: all but those of the control group, bool `(rows,)`."""
    held = control.encode("utf-8", "surrogateescape")
    return np.array([value != held for value in impressions.treatment.tolist()], np.bool_)
