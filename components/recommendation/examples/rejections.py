"""What users reject: events of types with a negative weight, such as dislike, hide or return; plain NumPy."""

import numpy as np

from components.events.history import BoolArray, EventHistory, FloatArray


def is_rejection(history: EventHistory, type_weights: FloatArray) -> BoolArray:
    """Returns which events reject their product, `(events,)`."""
    rejects: BoolArray = type_weights[history.event_type] < 0.0
    return rejects


def is_of_rejected(history: EventHistory, type_weights: FloatArray, counted: BoolArray) -> BoolArray:
    """Returns which events are of a product that their user has rejected and not taken up again, `(events,)`.

    Args:
        history: Ordered events, without those of guests.
        type_weights: Weight of each event type, `(types,)`.
        counted: The events that are looked at, `(events,)`: a product is rejected whose latest one of these rejects it.
    """
    pairs = history.user * len(history.products) + history.product
    chosen = np.flatnonzero(counted)[::-1]
    distinct, latest = np.unique(pairs[chosen], return_index=True)
    rejected = distinct[is_rejection(history, type_weights)[chosen[latest]]]
    return np.isin(pairs, rejected)
