"""Which treatment each impression got, and with what probability."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, eq=False)
class Treatments:
    """The treatments of impressions, a row each.

    Attributes:
        names: The treatments; the first one is the control, which shows nothing.
        arm: int32 `(rows,)`, the place of what the row got in `names`.
        propensity: float32 `(rows,)`, the probability with which it got that, above 0 and up to 1.
    """

    names: tuple[str, ...]
    arm: npt.NDArray[np.int32]
    propensity: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            raise ValueError(f"`names` should hold the control and one treatment or more. Received {self.names}.")
        if len(self.arm) != len(self.propensity):
            raise ValueError(
                "`arm` and `propensity` should have the same number of rows. Received "
                f"{len(self.arm)} and {len(self.propensity)}."
            )
        if not ((self.propensity > 0.0) & (self.propensity <= 1.0)).all():
            raise ValueError("`propensity` should be above 0 and at most 1.")

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """Whether each row got any treatment, bool `(rows,)`."""
        return np.asarray(self.arm > 0)

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each treatment, by name."""
        return dict(zip(self.names, np.bincount(self.arm, minlength=len(self.names)).tolist(), strict=True))

    def rows(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> "Treatments":
        """Returns some rows, by a mask or by their places."""
        return Treatments(names=self.names, arm=self.arm[chosen], propensity=self.propensity[chosen])
