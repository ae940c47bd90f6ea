"""Users with a history and what they did next: what the towers and the baselines are judged on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.artifacts.example_files import example_features, sampled_records
from trainer.artifacts.names import ATTRIBUTE_PREFIX

USER_ID = "user_id"
_INTEGERS = ("history_index", "history_type", "history_time", "query_time", "target_index", "window")


@dataclass(frozen=True, eq=False)
class JudgedUsers:
    """Users of one split; histories and targets lie flat, user i's at `offsets[i]` up to `offsets[i + 1]`.

    Attributes:
        user_ids: Ids, one a user.
        history_offsets: int64 `(users + 1,)`.
        history_index: int32 `(events,)`; product indices, oldest event first.
        history_type: int32 `(events,)`; event types.
        history_time: int64 `(events,)`; Unix seconds, all 0 where events have no timestamps.
        query_time: int64 `(users,)`; when the targets were chosen.
        target_offsets: int64 `(users + 1,)`.
        target_index: int32 `(targets,)`; distinct product indices.
        window: int32 `(users,)`; number of the ranker's window that the query is from, 0 in other splits.
        attributes: Values by attribute name, None where a user has none.
    """

    user_ids: list[bytes]
    history_offsets: npt.NDArray[np.int64]
    history_index: npt.NDArray[np.int32]
    history_type: npt.NDArray[np.int32]
    history_time: npt.NDArray[np.int64]
    query_time: npt.NDArray[np.int64]
    target_offsets: npt.NDArray[np.int64]
    target_index: npt.NDArray[np.int32]
    window: npt.NDArray[np.int32]
    attributes: dict[str, list[str | None]]

    def __len__(self) -> int:
        return len(self.user_ids)

    def rows(self, start: int, stop: int) -> "JudgedUsers":
        """Returns the users from `start` up to `stop`."""
        stop = min(stop, len(self))
        events = slice(self.history_offsets[start], self.history_offsets[stop])
        targets = slice(self.target_offsets[start], self.target_offsets[stop])
        return JudgedUsers(
            user_ids=self.user_ids[start:stop],
            history_offsets=self.history_offsets[start : stop + 1] - self.history_offsets[start],
            history_index=self.history_index[events],
            history_type=self.history_type[events],
            history_time=self.history_time[events],
            query_time=self.query_time[start:stop],
            target_offsets=self.target_offsets[start : stop + 1] - self.target_offsets[start],
            target_index=self.target_index[targets],
            window=self.window[start:stop],
            attributes={name: values[start:stop] for name, values in self.attributes.items()},
        )

    def chosen(self, mask: npt.NDArray[np.bool_]) -> "JudgedUsers":
        """Returns the users where `mask`, bool `(users,)`."""
        lengths, targets = np.diff(self.history_offsets), np.diff(self.target_offsets)
        of_event, of_target = np.repeat(mask, lengths), np.repeat(mask, targets)
        rows = np.flatnonzero(mask)
        return JudgedUsers(
            user_ids=[self.user_ids[row] for row in rows],
            history_offsets=_offsets(lengths[mask]),
            history_index=self.history_index[of_event],
            history_type=self.history_type[of_event],
            history_time=self.history_time[of_event],
            query_time=self.query_time[mask],
            target_offsets=_offsets(targets[mask]),
            target_index=self.target_index[of_target],
            window=self.window[mask],
            attributes={name: [values[row] for row in rows] for name, values in self.attributes.items()},
        )

    def keep_products(self, history_index: npt.NDArray[np.int32], target_index: npt.NDArray[np.int32]) -> "JudgedUsers":
        """Returns the users with other product indices, without the events and targets whose index is below 0.

        Args:
            history_index: `(events,)`.
            target_index: `(targets,)`.
        """
        kept, wanted = history_index >= 0, target_index >= 0
        rows = np.arange(len(self))
        lengths = np.bincount(np.repeat(rows, np.diff(self.history_offsets))[kept], minlength=len(self))
        targets = np.bincount(np.repeat(rows, np.diff(self.target_offsets))[wanted], minlength=len(self))
        return replace(
            self,
            history_offsets=_offsets(lengths),
            history_index=history_index[kept],
            history_type=self.history_type[kept],
            history_time=self.history_time[kept],
            target_offsets=_offsets(targets),
            target_index=target_index[wanted],
        )

    def latest(self, count: int | npt.NDArray[np.int64]) -> "JudgedUsers":
        """Returns the users with only the latest `count` events of each history; one number, or one a user."""
        lengths = np.diff(self.history_offsets)
        kept_lengths = np.minimum(lengths, count)
        from_the_end = np.repeat(self.history_offsets[1:], lengths) - np.arange(len(self.history_index))
        kept = from_the_end <= np.repeat(kept_lengths, lengths)
        return replace(
            self,
            history_offsets=_offsets(kept_lengths),
            history_index=self.history_index[kept],
            history_type=self.history_type[kept],
            history_time=self.history_time[kept],
        )

    def history(self, row: int) -> slice:
        """Returns where a user's events lie in the history arrays."""
        return slice(int(self.history_offsets[row]), int(self.history_offsets[row + 1]))

    def targets(self, row: int) -> npt.NDArray[np.int32]:
        """Returns a user's target products."""
        return self.target_index[self.target_offsets[row] : self.target_offsets[row + 1]]


def load_judged_users(examples_uri: str, split: str, most: int | None = None) -> JudgedUsers:
    """Reads the `eval`, `ranker` or `test` split of task examples, in the order of user ids.

    Memory grows with the queries that are read.

    Args:
        examples_uri: The task examples.
        split: Name of the split.
        most: Queries to read at the most, chosen by sha256 of the user id; None reads all.

    Raises:
        ValueError: The split has no files.
    """
    return parse_judged_users(record for _, record in sampled_records(examples_uri, split, USER_ID, most))


def parse_judged_users(records: Iterable[bytes]) -> JudgedUsers:
    """Reads users from serialized tf.Examples, in the order that they come in."""
    columns: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in _INTEGERS}
    user_ids: list[bytes] = []
    attributes: list[dict[str, str]] = []
    for record in records:
        features = example_features(record)
        user_ids.append(_bytes(features, USER_ID))
        for name, values in columns.items():
            found = features.get(name)
            values.append(np.asarray(found.int64_list.value if found is not None else (), np.int64))
        attributes.append(
            {
                name.removeprefix(ATTRIBUTE_PREFIX): _bytes(features, name).decode("utf-8", "replace")
                for name in features
                if name.startswith(ATTRIBUTE_PREFIX) and features[name].bytes_list.value
            }
        )
    names = sorted({name for row in attributes for name in row})
    flat = {name: np.concatenate([np.zeros(0, np.int64), *values]) for name, values in columns.items()}
    return JudgedUsers(
        user_ids=user_ids,
        history_offsets=_offsets([len(row) for row in columns["history_index"]]),
        history_index=flat["history_index"].astype(np.int32),
        history_type=flat["history_type"].astype(np.int32),
        history_time=flat["history_time"],
        query_time=flat["query_time"],
        target_offsets=_offsets([len(row) for row in columns["target_index"]]),
        target_index=flat["target_index"].astype(np.int32),
        window=np.array([values[0] if len(values) else 0 for values in columns["window"]], np.int32),
        attributes={name: [row.get(name) for row in attributes] for name in names},
    )


def _bytes(features: Mapping[str, Any], name: str) -> bytes:
    return bytes(features[name].bytes_list.value[0])


def _offsets(lengths: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
