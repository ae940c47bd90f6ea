"""The Beam step that asks a served response model about users and current offers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
from apache_beam.utils.shared import Shared

from serving.signature_names import EVALUATE
from trainer.exporting import read_model_card
from trainer.response.examples import category_names, read_impressions

OFFERS_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("offer_id", pa.string()),
        # Null where the model is not told the segment.
        ("segment", pa.string()),
        # If the offer is shown.
        ("probability", pa.float32()),
        # What showing it adds, and the treatment that adds most; null where the model learned from no treatments.
        ("uplift", pa.float32()),
        ("treatment", pa.string()),
    ]
)
_SEGMENT = "segment"


class AskedOffers:
    """Asks the served model what comes of offers.

    Args:
        model: Folder of the SavedModel.
        facts: What the catalogue of the examples says.
    """

    def __init__(self, model: str, facts: Mapping[str, Any]) -> None:
        self._model = tf.saved_model.load(model)  # Its variables live only as long as something holds it.
        self._facts = facts
        self._treatments: list[str] = read_model_card(model).get("treatments", [])
        names = category_names(facts)
        self._segment = names.index(_SEGMENT) if _SEGMENT in names else None

    def ask(self, records: Sequence[bytes]) -> pa.Table:
        """Returns a row with `OFFERS_SCHEMA` for each serialized tf.Example of the split current."""
        rows = read_impressions(tf.data.Dataset.from_tensor_slices(list(records)), self._facts)
        answer = self._model.signatures[EVALUATE](examples=tf.constant(list(records)))
        uplift, treatment = pa.nulls(len(rows), pa.float32()), pa.nulls(len(rows), pa.string())
        if self._treatments:
            expected = answer["expected"].numpy()
            added = expected[:, 1:] - expected[:, :1]
            uplift = pa.array(added.max(axis=1), pa.float32())
            treatment = pa.array(np.array(self._treatments[1:], object)[added.argmax(axis=1)], pa.string())
        segments = [None] * len(rows) if self._segment is None else rows.categories[:, self._segment].tolist()
        return pa.table(
            {
                "user_id": [_text(user) for user in rows.users.tolist()],
                "offer_id": [_text(item) for item in rows.item.tolist()],
                "segment": [_text(each) if each else None for each in segments],
                "probability": answer["probabilities"].numpy()[:, 0],
                "uplift": uplift,
                "treatment": treatment,
            },
            OFFERS_SCHEMA,
        )


class AskOffers(beam.DoFn):
    """Lists of serialized examples to Arrow tables with `OFFERS_SCHEMA`; the model is loaded once a process."""

    def __init__(self, load: Callable[[], AskedOffers]) -> None:
        self._load = load
        self._shared = Shared()
        self._asked: AskedOffers | None = None

    def setup(self) -> None:
        """Loads the model."""
        self._asked = self._shared.acquire(self._load)

    def process(self, element: list[bytes]) -> Iterator[pa.Table]:
        """Handles one batch."""
        if self._asked is None:
            raise RuntimeError("Beam calls setup() before process().")
        yield self._asked.ask(element)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
