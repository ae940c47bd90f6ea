"""What a text was made of and what it said: the examples of the task writing, as all who read them know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from serving.writing.template import FIELDS
from trainer.artifacts.example_files import example_features, split_files

WHAT, TARGET = "what", "target"


@dataclass(frozen=True, order=True)
class Pair:
    """A text of the shop, or the wish for one.

    Attributes:
        what: The kind of text.
        fields: The values of `serving.writing.template.FIELDS`, in their order; "" for what is not known.
        target: What the shop has written; "" where it has not.
    """

    what: str
    fields: tuple[str, ...]
    target: str = ""

    @classmethod
    def of(cls, what: str, fields: Mapping[str, str], target: str = "") -> "Pair":
        """Returns a pair whose other fields are empty."""
        return cls(what, tuple(fields.get(name, "") for name in FIELDS), target)

    def named(self) -> dict[str, str]:
        """Returns the fields by their names."""
        return dict(zip(FIELDS, self.fields, strict=True))

    def to_record(self) -> bytes:
        """Returns a serialized tf.Example with a feature for the kind, each field and the text."""
        example = tf.train.Example()
        for name, value in {WHAT: self.what, **self.named(), TARGET: self.target}.items():
            example.features.feature[name].bytes_list.value.append(value.encode("utf-8", "surrogateescape"))
        serialized: bytes = example.SerializeToString(deterministic=True)
        return serialized

    @classmethod
    def from_record(cls, record: bytes) -> "Pair":
        """Reads what `to_record` returned."""
        features = example_features(record)
        values = {name: _text(features[name].bytes_list.value[0]) for name in (WHAT, *FIELDS, TARGET)}
        return cls.of(values[WHAT], values, values[TARGET])


def load_pairs(examples_uri: str, split: str) -> list[Pair]:
    """Reads the pairs of a split into memory, sorted.

    Raises:
        ValueError: The split has no file.
    """
    records = tf.data.TFRecordDataset(split_files(examples_uri, split), "GZIP").as_numpy_iterator()
    return sorted(Pair.from_record(record) for record in records)


def requests(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Returns the inputs of the served model for pairs: string `(pairs,)` each."""
    rows = {name: [pair.fields[place] for pair in pairs] for place, name in enumerate(FIELDS)}
    columns = {WHAT: [pair.what for pair in pairs], **rows}
    return {
        name: tf.constant([value.encode("utf-8", "surrogateescape") for value in values], tf.string)
        for name, values in columns.items()
    }


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
