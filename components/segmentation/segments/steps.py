"""The Beam step that asks a served segmentation about users, and counts what each segment does."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from apache_beam.utils.shared import Shared

from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.artifacts.example_files import example_features
from trainer.progress import Tally

ROWS, PROFILE, MAP = "rows", "profile", "map"
SEGMENTS_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("segment", pa.string()),
        ("probability", pa.float32()),
        ("when", pa.timestamp("s", "UTC")),
    ]
)
# Of a sample of so many in 65,536 users the place on the map and the recommended products are found.
_SAMPLED_BELOW, _HASHED = 1 << 15, 1 << 16
# Places of an example's `baseline` numbers: days since the last event; visits and spend in the period.
_DAYS, _VISITS, _SPEND = 0, 2, 4


class Found(NamedTuple):
    """What is found of a batch of users.

    Attributes:
        rows: With `SEGMENTS_SCHEMA`.
        sums: Counts and sums by segment, as `components.segmentation.segments.profiles.segment_profiles` reads them.
        points: Segment and vector of users of a sample.
    """

    rows: pa.Table
    sums: Counter[Any]
    points: list[tuple[str, list[float]]]


class SegmentedUsers:
    """Asks the served models about users.

    Args:
        model: Folder of the served segmentation.
        catalogue_uri: The Catalogue artifact of the examples.
        recommendation: Folder of a served recommendation model; empty for none.
        active_seconds: How long ago something was bought at the most that counts for a segment's kinds.
    """

    def __init__(self, model: str, catalogue_uri: str, recommendation: str, active_seconds: int) -> None:
        self._model = tf.saved_model.load(model)  # Its variables live only as long as something holds it.
        self._recommendation = tf.saved_model.load(recommendation) if recommendation else None
        products = load_catalogue(catalogue_uri, ["product_id", "kind"])
        ids = (product.encode("utf-8", "surrogateescape") for product in products["product_id"].to_pylist())
        self._kind_of = dict(zip(ids, products["kind"].to_pylist(), strict=True))
        self._bought_type = load_catalogue_facts(catalogue_uri)["bought_event_type"].encode()
        self._active_seconds = active_seconds
        serving = self._model.signatures["serving_default"]
        self._width = serving.structured_input_signature[1]["history_ids"].shape[1]

    def find(self, records: Sequence[bytes]) -> Found:
        """Returns what is found of serialized tf.Examples of the split current."""
        features = [example_features(record) for record in records]
        serialized = tf.constant(list(records), tf.string, [len(records)])
        answer = self._model.signatures["examples"](examples=serialized)
        segments = [name.decode("utf-8", "surrogateescape") for name in answer["segments"].numpy()[:, 0]]
        users = [each["user_id"].bytes_list.value[0] for each in features]
        rows = {
            "user_id": [user.decode("utf-8", "replace") for user in users],
            "segment": segments,
            "probability": answer["probabilities"].numpy()[:, 0],
            "when": [each["moment"].int64_list.value[0] for each in features],
        }
        sums: Counter[Any] = Counter()
        for each, segment in zip(features, segments, strict=True):
            numbers = each["baseline"].float_list.value
            sums["users", segment] += 1
            sums["days", segment] += numbers[_DAYS]
            sums["visits", segment] += numbers[_VISITS]
            sums["spend", segment] += numbers[_SPEND]
            # A user counts once, however often it bought the kind.
            sums.update(("kind", segment, kind) for kind in self._bought_kinds(each))
        sampled = [place for place, user in enumerate(users) if _share(user) < _SAMPLED_BELOW]
        if not sampled:
            return Found(pa.table(rows, SEGMENTS_SCHEMA), sums, [])
        vectors = self._vectors([features[place] for place in sampled])
        points = [(segments[place], vector.tolist()) for place, vector in zip(sampled, vectors, strict=True)]
        if self._recommendation is not None:
            asked = tf.gather(serialized, sampled)
            offered = self._recommendation.signatures["examples"](examples=asked)
            for row, place in enumerate(sampled):
                sums["asked", segments[place]] += 1
                for product, title in zip(
                    offered["product_ids"].numpy()[row], offered["titles"].numpy()[row], strict=True
                ):
                    if product:
                        sums["product", segments[place], _text(product), _text(title)] += 1
        return Found(pa.table(rows, SEGMENTS_SCHEMA), sums, points)

    def _bought_kinds(self, features: Any) -> set[str]:
        """Returns the kinds that a history says were bought lately."""
        columns = (
            features["history_ids"].bytes_list.value,
            features["history_types"].bytes_list.value,
            features["history_age_seconds"].float_list.value,
        )
        return {
            self._kind_of.get(product, "")
            for product, event_type, age in zip(*columns, strict=True)
            if event_type == self._bought_type and age <= self._active_seconds
        }

    def _vectors(self, features: Sequence[Any]) -> np.ndarray:
        ids, types = (np.full((len(features), self._width), b"", object) for _ in range(2))
        ages = np.zeros((len(features), self._width), np.float32)
        for row, each in enumerate(features):
            events = len(each["history_ids"].bytes_list.value)
            ids[row, :events] = each["history_ids"].bytes_list.value
            types[row, :events] = each["history_types"].bytes_list.value
            ages[row, :events] = each["history_age_seconds"].float_list.value
        answer = self._model.signatures["embed"](
            history_ids=tf.constant(ids, tf.string),
            history_types=tf.constant(types, tf.string),
            history_age_seconds=tf.constant(ages),
        )
        vectors: np.ndarray = answer["embeddings"].numpy()
        return vectors


class SegmentUsers(beam.DoFn):
    """Lists of serialized examples to Arrow tables of segments; the models are loaded once a process."""

    def __init__(self, load: Callable[[], SegmentedUsers]) -> None:
        self._load = load
        self._shared = Shared()
        self._users: SegmentedUsers | None = None
        self._asked = Tally("users")

    def setup(self) -> None:
        """Loads the models."""
        self._users = self._shared.acquire(self._load)

    def process(self, element: list[bytes]) -> Iterator[Any]:
        """Handles one batch."""
        if self._users is None:
            raise RuntimeError("Beam calls setup() before process().")
        found = self._users.find(element)
        yield found.rows
        yield beam.pvalue.TaggedOutput(PROFILE, found.sums)
        for point in found.points:
            yield beam.pvalue.TaggedOutput(MAP, point)
        self._asked.add(len(element))


def _share(user: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"map\0" + user).digest()[:2], "big")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
