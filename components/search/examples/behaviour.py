"""How much an event with a query says that its product answers it."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BEHAVIOUR_COLUMNS = ("event_type", "dwell_seconds", "value")
# A rating under it says that a product is no answer.
_LEAST_LIKED_VALUE = 3.0


def event_weights(
    events: pa.Table, event_types: Mapping[str, float], satisfied_seconds: float
) -> npt.NDArray[np.float32]:
    """Weighs events by their type and by how long the product was looked at.

    Someone who leaves a product at once has not found what they looked for: an event counts in full from
    `satisfied_seconds` on, and in proportion before (after Kim et al., "Modeling dwell time to predict click-level
    satisfaction", WSDM 2014, and the 30 seconds that are usual since Fox et al., TOIS 2005). Where nobody has measured
    it, it counts in full. A rating under 3 counts nothing.

    Args:
        events: With some of the columns event_type (binary), dwell_seconds and value (float).
        event_types: Weight of each type; others weigh 1.
        satisfied_seconds: From which on an event counts in full; 0 does not look at it.

    Returns:
        float32 `(events,)`.
    """
    weights = np.ones(len(events), np.float32)
    if "event_type" in events.column_names:
        names = pa.array([name.encode() for name in event_types], pa.binary())
        place = pc.fill_null(pc.index_in(events["event_type"].cast(pa.binary()), value_set=names), len(event_types))
        weights = np.array([*event_types.values(), 1.0], np.float32)[place.to_numpy()]
    if "dwell_seconds" in events.column_names and satisfied_seconds > 0.0:
        dwell = pc.fill_null(events["dwell_seconds"].cast(pa.float32()), satisfied_seconds).to_numpy()
        weights = weights * np.minimum(dwell / satisfied_seconds, 1.0).astype(np.float32)
    if "value" in events.column_names:
        low = pc.fill_null(pc.less(events["value"], _LEAST_LIKED_VALUE), False).to_numpy(zero_copy_only=False)
        weights = np.where(low, np.float32(0.0), weights)
    return weights
