"""A served recommendation model, asked for rankings as a client would ask it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from components.recommendation.judging.user_products import IntArray, UserProducts, bought_products, keep_first
from serving.recommendation.comparison import THE_MODEL
from serving.signature_names import COMPARE, EVALUATE, FILTERED, HISTORY_INPUTS
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.padded_histories import pad_histories

_INPUTS = (*HISTORY_INPUTS, "k", "novel_k")
_FILTERED_INPUTS = (
    *HISTORY_INPUTS,
    "k",
    "category",
    "max_price",
    "in_stock_only",
    "exclude_ids",
    "include_bought",
)
_EVERY, _NOVEL = ".product_ids", ".novel_product_ids"


class RankedLists(NamedTuple):
    """What a system recommends, int64 `(users, width)` product indices, best first, filled up with -1.

    Attributes:
        every: Of all products.
        novel: Of those that the user did not buy before.
    """

    every: IntArray
    novel: IntArray


class ServedRanking:
    """Loads a SavedModel and ranks products for users.

    It is asked by its signature `compare`. One that an earlier build has pushed, without it, is asked twice by
    `evaluate`, or `filtered` where it has no other.

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
        names = (COMPARE, EVALUATE, FILTERED)
        signature = next((name for name in names if name in self._model.signatures), None)
        if signature is None:
            raise ValueError(
                f"The model in {path} should have the signature `{COMPARE}`, or `{EVALUATE}`. "
                f"It has: {', '.join(self._model.signatures) or 'none'}."
            )
        function = self._model.signatures[signature]
        inputs, expected = function.structured_input_signature[1], _INPUTS if signature == COMPARE else _FILTERED_INPUTS
        missing = [name for name in expected if name not in inputs]
        if missing or not any(name.endswith("product_ids") for name in function.structured_outputs):
            raise ValueError(
                f"Signature `{signature}` of the model in {path} should have the inputs {list(expected)} "
                f"and the output product_ids. Missing: {missing or ['product_ids']}."
            )
        self._earlier = None if signature == COMPARE else function
        self._history_length = int(inputs["history_ids"].shape[1])
        ids = product_ids.cast(pa.binary())
        self._ids: npt.NDArray[np.object_] = np.array(ids.to_pylist(), dtype=object)
        self._value_set = ids.combine_chunks()
        self._types = np.array([name.encode() for name in event_types], dtype=object)
        self._bought_type = list(event_types).index(bought_event_type)

    def lists(self, users: JudgedUsers, width: int, bought: UserProducts) -> RankedLists:
        """Ranks the catalogue by the model itself; see `compare`."""
        return self.compare(users, width, bought)[THE_MODEL]

    def compare(
        self, users: JudgedUsers, width: int, bought: UserProducts, signature: str = COMPARE
    ) -> dict[str, RankedLists]:
        """Ranks the catalogue by each system of the model, which is one, `model`, unless it is there to compare.

        The model leaves out of new products what it sees in the events it is given. A user with more events than that
        is asked for as many products more as were bought in the earlier ones, and those are then taken out.

        Args:
            users: A batch; the model is given the latest events of each history.
            width: Products a user.
            bought: All that the users bought.
            signature: `compare`, or the name of one system that can be asked alone.

        Returns:
            By name of the system.
        """
        seen_products = bought_products(users.latest(self._history_length), self._bought_type)
        unseen = np.diff(bought.offsets(len(users))) - np.diff(seen_products.offsets(len(users)))
        widths = np.full(len(users), width), width + unseen
        if self._earlier is None:
            function = self._model.signatures[signature]
            k, novel_k = (tf.constant(each, tf.int32) for each in widths)
            answer = function(**self._histories(users), k=k, novel_k=novel_k)
        else:
            answer = self._ask_twice(self._earlier, users, *widths)
        lists = {name: self._indices(ids.numpy(), width) for name, ids in answer.items()}
        found = {}
        for name in (name.removesuffix(_EVERY) for name in lists if name.endswith(_EVERY)):
            novel = lists[name + _NOVEL]
            rows = np.broadcast_to(np.arange(len(users))[:, np.newaxis], novel.shape)
            kept = keep_first(novel, (novel >= 0) & ~bought.contains(rows, novel), width)
            found[name] = RankedLists(lists[name + _EVERY], kept)
        return found

    def _ask_twice(self, function: Any, users: JudgedUsers, k: IntArray, novel_k: IntArray) -> dict[str, tf.Tensor]:
        """Asks a model without `compare`, and returns what that would have answered."""
        rows = len(users)
        request = {
            **self._histories(users),
            "category": tf.fill([rows], ""),
            "max_price": tf.zeros([rows]),
            "in_stock_only": tf.fill([rows], False),
            "exclude_ids": tf.fill([rows, int(function.structured_input_signature[1]["exclude_ids"].shape[1])], ""),
        }
        asked = {_EVERY: (k, True), _NOVEL: (novel_k, False)}
        return {
            THE_MODEL + output: function(
                **request, k=tf.constant(each, tf.int32), include_bought=tf.fill([rows], include_bought)
            )["product_ids"]
            for output, (each, include_bought) in asked.items()
        }

    def _indices(self, ids: npt.NDArray[np.object_], width: int) -> IntArray:
        """Returns the product indices of ids `(users, any)`, filled up with -1 to some width."""
        found = pc.fill_null(pc.index_in(pa.array(ids.ravel(), pa.binary()), value_set=self._value_set), -1)
        lists = np.full((len(ids), max(width, ids.shape[1])), -1, dtype=np.int64)
        lists[:, : ids.shape[1]] = found.to_numpy().reshape(ids.shape)
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
