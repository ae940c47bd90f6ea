"""The segment of each user that a recommendation model is judged by, as it was when the user was asked about."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from trainer.recommendation.judged_users import JudgedUsers

SEGMENT_ATTRIBUTE = "segment"


class JudgedSegments:
    """Asks a served segmentation about users with their histories up to the query.

    Args:
        model: Folder of the served segmentation.
        product_ids: Id of each product index of the users' histories.
        event_types: Name of each event type number.
    """

    def __init__(self, model: str, product_ids: Sequence[str], event_types: Sequence[str]) -> None:
        self._model = tf.saved_model.load(model)  # Its variables live only as long as something holds it.
        self._ids = [product.encode("utf-8", "surrogateescape") for product in product_ids]
        self._types = [name.encode() for name in event_types]

    def add_to(self, users: JudgedUsers) -> JudgedUsers:
        """Returns the users with the attribute `segment`, the most probable one; it counts in place of a given one."""
        if not len(users):
            return users
        examples = [self._example(users, row) for row in range(len(users))]
        answer = self._model.signatures["examples"](examples=tf.constant(examples, tf.string))
        segments = [name.decode("utf-8", "surrogateescape") for name in answer["segments"].numpy()[:, 0]]
        return replace(users, attributes={**users.attributes, SEGMENT_ATTRIBUTE: segments})

    def _example(self, users: JudgedUsers, row: int) -> bytes:
        events = users.history(row)
        ages = np.maximum(users.query_time[row] - users.history_time[events], 0)
        example = tf.train.Example()
        feature = example.features.feature
        feature["history_ids"].bytes_list.value.extend(self._ids[index] for index in users.history_index[events])
        feature["history_types"].bytes_list.value.extend(self._types[number] for number in users.history_type[events])
        feature["history_age_seconds"].float_list.value.extend(ages.tolist())
        serialized: bytes = example.SerializeToString()
        return serialized
