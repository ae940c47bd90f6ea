"""`<root>/offers/`: what the last blessed model expects of every known user and current offer."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.dataset import dataset, field

from components.errors import InputError

FOLDER = "offers"
FACTS_FILE = "offers.json"
ANSWERS = "answers-*.parquet"
ANSWERS_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("offer_id", pa.string()),
        ("segment", pa.string()),
        # If the offer is shown.
        ("probability", pa.float32()),
        # What showing it adds; null where the model learned from no treatments.
        ("uplift", pa.float32()),
        ("treatment", pa.string()),
    ]
)
# What a segment is called that nobody has named.
NO_SEGMENT = "all"


class Audience(NamedTuple):
    """Whom an offer may go to.

    Attributes:
        users: With `ANSWERS_SCHEMA`, a row for each user.
        facts: What the model knows of all offers: `control` is the name of the treatment that shows nothing,
            `told_apart` whether it tells by uplift whom the offer moves, None where it learned from no treatments;
            `effect` the mean uplift of the test with its interval.
    """

    users: pa.Table
    facts: dict[str, Any]


def read_audience(root: Path, offer_id: str) -> Audience:
    """Reads what a run expects of an offer.

    Args:
        root: The run's folder.
        offer_id: The offer.

    Raises:
        InputError: The root has no such files, or not this offer.
    """
    folder = root / FOLDER
    if not (folder / FACTS_FILE).exists():
        raise InputError(
            f"{folder}: there is none; run a configuration with the task response and the tables offers and events, "
            "or give the --root of such a run. A model that is refused leaves no such folder."
        )
    facts: dict[str, Any] = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    answers = dataset([str(file) for file in sorted(folder.glob(ANSWERS))], schema=ANSWERS_SCHEMA)
    users = answers.to_table(filter=field("offer_id") == offer_id)
    if not len(users):
        offers = pc.unique(answers.to_table(["offer_id"])["offer_id"]).to_pylist()
        raise InputError(
            f"--offer {offer_id}: no current offer of the last run has this id; {root} has "
            f"{', '.join(sorted(offers)[:20]) or 'none'}"
        )
    return Audience(users, facts)
