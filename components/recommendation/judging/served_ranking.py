"""A served recommendation model, asked for rankings as a client would ask it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from components.recommendation.judging.user_products import IntArray, UserProducts, bought_products, keep_first
from serving.signature_names import EVALUATE, FILTERED, HISTORY_INPUTS
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.padded_histories import pad_histories

_INPUTS = (
    *HISTORY_INPUTS,
    "k",
    "category",
    "max_price",
    "in_stock_only",
    "exclude_ids",
    "include_bought",
)


class ServedRanking:
    """Loads a SavedModel and ranks products for users by its signature `evaluate`; by `filtered` where it has no other.

    Args:
        path: The SavedModel's folder.
        product_ids: Ids of the catalogue in order of product index. Other ids in answers, such as those of an older
            model, become -1 and are nobody's target.
        event_types: Names of the event types in order of their index.
        bought_event_type: The type that `include_bought` is about.

    Raises:
        ValueError: The model has no such signature, or the signature lacks an input or an output.
        OSError: There is no SavedModel.
    """

    def __init__(
        self, path: str, product_ids: pa.ChunkedArray, event_types: Sequence[str], bought_event_type: str
    ) -> None:
        self._model = tf.saved_model.load(path)  # Its variables live only as long as this object.
        signature = next((name for name in (EVALUATE, FILTERED) if name in self._model.signatures), None)
        if signature is None:
            raise ValueError(
                f"The model in {path} should have the signature `{EVALUATE}`. "
                f"It has: {', '.join(self._model.signatures) or 'none'}."
            )
        self._function = self._model.signatures[signature]
        inputs = self._function.structured_input_signature[1]
        missing = [name for name in _INPUTS if name not in inputs]
        if missing or "product_ids" not in self._function.structured_outputs:
            raise ValueError(
                f"Signature `{signature}` of the model in {path} should have the inputs {list(_INPUTS)} "
                f"and the output product_ids. Missing: {missing or ['product_ids']}."
            )
        self._history_length = int(inputs["history_ids"].shape[1])
        self._excluded = int(inputs["exclude_ids"].shape[1])
        ids = product_ids.cast(pa.binary()).to_pylist()
        self._ids: npt.NDArray[np.object_] = np.array(ids, dtype=object)
        self._index = {product_id: index for index, product_id in enumerate(ids)}
        self._types = np.array([name.encode() for name in event_types], dtype=object)
        self._bought_type = list(event_types).index(bought_event_type)

    def rank(self, users: JudgedUsers, width: int) -> IntArray:
        """Ranks the catalogue, with what the user bought before in it.

        Args:
            users: A batch; the model is given the latest events of each history.
            width: Products a user.

        Returns:
            int64 `(users, width)` product indices, best first, filled up with -1.
        """
        return self._ask(users, np.full(len(users), width), include_bought=True, width=width)

    def rank_novel(self, users: JudgedUsers, width: int, bought: UserProducts) -> IntArray:
        """Ranks the catalogue without what the user bought before.

        The model leaves out what it sees in the events it is given. A user with more events than that is asked for as
        many products more as were bought in the earlier ones, and those are then taken out.

        Args:
            users: A batch.
            width: Products a user.
            bought: All that the users bought.

        Returns:
            int64 `(users, width)` product indices, best first, filled up with -1.
        """
        seen_products = bought_products(users.latest(self._history_length), self._bought_type)
        unseen = np.diff(bought.offsets(len(users))) - np.diff(seen_products.offsets(len(users)))
        answer_widths = width + unseen
        lists = self._ask(users, answer_widths, include_bought=False, width=int(answer_widths.max(initial=width)))
        rows = np.broadcast_to(np.arange(len(users))[:, np.newaxis], lists.shape)
        return keep_first(lists, (lists >= 0) & ~bought.contains(rows, lists), width)

    def _ask(self, users: JudgedUsers, k: IntArray, *, include_bought: bool, width: int) -> IntArray:
        rows = len(users)
        answer = self._function(
            **self._histories(users),
            k=tf.constant(k, tf.int32),
            category=tf.fill([rows], ""),
            max_price=tf.zeros([rows]),
            in_stock_only=tf.fill([rows], False),
            exclude_ids=tf.fill([rows, self._excluded], ""),
            include_bought=tf.fill([rows], include_bought),
        )
        ids = answer["product_ids"].numpy()
        lists = np.full((rows, width), -1, dtype=np.int64)
        found = [self._index.get(product_id, -1) for product_id in ids.ravel()]
        lists[:, : ids.shape[1]] = np.array(found, dtype=np.int64).reshape(ids.shape)
        return lists

    def _histories(self, users: JudgedUsers) -> dict[str, tf.Tensor]:
        """Returns the latest events of each user in the form of a request, padded at the end."""
        padded = pad_histories(users, self._history_length)
        present = padded.products >= 0
        columns = (
            tf.constant(np.where(present, self._ids[padded.products], b""), tf.string),
            tf.constant(np.where(present, self._types[padded.types], b""), tf.string),
            tf.constant(padded.age_seconds),
        )
        return dict(zip(HISTORY_INPUTS, columns, strict=True))
