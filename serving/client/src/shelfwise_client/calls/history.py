"""The history of a user, which recommendation and segmentation read."""

from collections.abc import Sequence

import numpy as np

from shelfwise_client.call import Row, texts
from shelfwise_client.signature_names import HISTORY_INPUTS


def history_inputs(
    ids: Sequence[str], types: Sequence[str] | None, age_seconds: Sequence[float] | None
) -> dict[str, np.ndarray | Row]:
    """Returns the inputs of a history, the newest event last; of a longer one than a model takes, the latest are sent.

    Args:
        ids: Products of the events.
        types: Event type of each; None leaves them unknown.
        age_seconds: How long ago each was; None leaves them unknown.

    Raises:
        ValueError: The lists differ in length.
    """
    ids_name, types_name, ages_name = HISTORY_INPUTS
    for name, values in {types_name: types, ages_name: age_seconds}.items():
        if values is not None and len(values) != len(ids):
            raise ValueError(f"`{name}` must have one value for each of the {len(ids)} ids, got {len(values)}.")
    given_types = types if types is not None else [""] * len(ids)
    given_ages = age_seconds if age_seconds is not None else [0.0] * len(ids)
    return {
        ids_name: Row(texts(ids), keep_last=True),
        types_name: Row(texts(given_types), keep_last=True),
        ages_name: Row(np.array(given_ages, np.float32), padding=0.0, keep_last=True),
    }
