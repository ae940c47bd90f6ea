"""Treatments from which nobody can learn what an offer adds are refused, with the reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import InputError
from tests.components.response.shop import OPTIONS, Row, impressions, run_examples, tables

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

TREATED = OPTIONS.model_copy(
    update={
        "control": "control",
        "outcomes": ("clicked",),
        "split": OPTIONS.split.model_copy(update={"method": "random"}),
    }
)


def treated_impressions(chance: Any = 0.5, *, propensity: bool = True) -> list[Row]:
    """Impressions of which some were left out; who was shown an offer on a phone clicks .5 more often."""
    random = np.random.default_rng(7)
    rows = impressions()
    for row in rows:
        probability = chance(row) if callable(chance) else chance
        shown = bool(random.uniform() < probability)
        row["treatment"] = "mail" if shown else "control"
        row["propensity"] = (probability if shown else 1.0 - probability) if propensity else None
        clicked = bool(random.uniform() < 0.2 + 0.5 * (shown and row["device"] == "phone"))
        row |= {"clicked": int(clicked), "redeemed": 0, "responded_at": None}
    return rows


def test_everybody_treated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`treatment` is `mail` alone"):
        run_examples(tmp_path, tables(treated_impressions(1.0)), TREATED)


def test_a_chosen_treatment_without_propensity_is_refused(tmp_path: Path) -> None:
    def chosen(row: Row) -> float:
        return 0.95 if row["screen"] > 17 else 0.05

    with pytest.raises(InputError, match="can be foretold from the features"):
        run_examples(tmp_path, tables(treated_impressions(chosen, propensity=False)), TREATED)
