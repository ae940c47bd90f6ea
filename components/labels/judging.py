"""How a model that gives labels is judged: what a task says of its own, and the judge that workers make of that."""

import hashlib
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from components.gate.judgement import MODEL, JudgedBy
from components.labels.gate_rules import LabelGateRules
from components.labels.judged_labels import LABEL, judged_schema, probabilities_column, text_value
from components.labels.slices import slice_columns
from trainer.artifacts.example_files import example_features

MODEL_URI = "model_uri"

Probabilities = npt.NDArray[np.floating]
# Serialized tf.Examples to the probabilities of labels, `(examples, labels)` in the order of the vocabulary.
Ask = Callable[[Sequence[bytes]], Probabilities]


@dataclass(frozen=True)
class Baseline:
    """A simple system that a model has to stand beside.

    Attributes:
        fit: Training examples to whatever it learns of them, which can be pickled.
        probabilities: What it has learned, test examples and the number of labels to the probabilities of labels.
    """

    fit: Callable[[Sequence[bytes]], Any]
    probabilities: Callable[[Any, Sequence[bytes], int], Probabilities]


@dataclass(frozen=True)
class Fitted:
    """A file of fitted baselines, which hold code: what is read must be what this run has written.

    Attributes:
        path: Of the file.
        sha256: Of its bytes.
    """

    path: str
    sha256: str


class LabelJudging(ABC):
    """What a task whose model gives labels says of how it is judged.

    Examples are serialized tf.Examples with the feature `label`, a place in the label vocabulary. Workers get a copy
    of this object, so it holds nothing that cannot be pickled.

    Attributes:
        options: Class of the options, whose `baselines` and `built_in_slices` count.
        judged_by: What an example is called.
        beside: The baseline that stands beside the model in each slice.
        user_feature: Name of the feature that says whose an example is, where the options sample users.
        attribute_prefix: Beginning of the names of the features that hold the shop's own columns.
    """

    options: ClassVar[type[LabelGateRules]]
    judged_by: ClassVar[JudgedBy]
    beside: ClassVar[str]
    user_feature: ClassVar[str] = "user_id"
    attribute_prefix: ClassVar[str] = ""

    @abstractmethod
    def evaluated(self, path: str, labels: Sequence[str]) -> Ask:
        """Returns what asks the model in a folder by its signature `evaluate`.

        Args:
            path: The SavedModel's folder.
            labels: The vocabulary that the model has learned.

        Raises:
            ValueError: The model has no such signature.
        """

    @abstractmethod
    def served(self, path: str, labels: Sequence[str]) -> Ask:
        """Returns what asks a model that may have learned another vocabulary, by what it answers to clients.

        An example without any feature but the label must be answered too: it is asked to see whether the model answers.

        Args:
            path: The SavedModel's folder.
            labels: The vocabulary to answer in the order of; see `components.labels.judged_labels.in_order_of`.

        Raises:
            ValueError: The model has no signature that answers labels and probabilities.
        """

    @abstractmethod
    def baselines(self, facts: Mapping[str, Any]) -> dict[str, Baseline]:
        """Returns the baselines that there are, by name.

        Args:
            facts: What `labels.json` says, and under `MODEL_URI` where the trainer's model lies.
        """

    @abstractmethod
    def built_in_slices(self, features: Mapping[str, Any]) -> dict[str, str]:
        """Returns the value of each column of `options.built_in_slices` for the features of an example."""

    def counted(self, examples: int) -> dict[str, Any]:
        """Returns what `evaluation.json` says of the number of test examples."""
        return {self.judged_by.many: examples}


class LabelJudge:
    """Asks each system for the probabilities of labels.

    Args:
        judging: What the task says of how it is judged.
        models: Paths of served models by name of the system.
        fitted: The fitted baselines, as `save_fitted` wrote them.
        facts: What `labels.json` says.
        own_slices: The shop's columns that the evaluation is sliced by, beside the built-in ones.

    Raises:
        ValueError: A model lacks the signature that it is asked by, or the file of baselines is another one by now.
        OSError: There is no SavedModel.
    """

    def __init__(
        self,
        judging: LabelJudging,
        models: Mapping[str, str],
        fitted: Fitted,
        facts: Mapping[str, Any],
        own_slices: Sequence[str],
    ) -> None:
        labels: list[str] = facts["labels"]
        self._systems: dict[str, Ask] = {
            name: (judging.evaluated if name == MODEL else judging.served)(path, labels)
            for name, path in models.items()
        }
        learned = _load_fitted(fitted)
        for name, baseline in judging.baselines(facts).items():
            self._systems[name] = _ask_baseline(baseline, learned[name], len(labels))
        self._judging, self._own_slices = judging, tuple(own_slices)
        sliced_by = slice_columns(judging.options.built_in_slices, self._own_slices)
        self._schema = judged_schema(list(self._systems), sliced_by)

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns one row a serialized test example, with `judged_schema`."""
        features = [example_features(record) for record in records]
        columns: dict[str, Any] = {LABEL: [each["label"].int64_list.value[0] for each in features]}
        built_in = [self._judging.built_in_slices(each) for each in features]
        for name in self._judging.options.built_in_slices:
            columns[name] = [values[name] for values in built_in]
        for name in self._own_slices:
            columns[name] = [text_value(each, self._judging.attribute_prefix + name) for each in features]
        for name, ask in self._systems.items():
            columns[probabilities_column(name)] = list(ask(records).astype(np.float32))
        return pa.table(columns, schema=self._schema)


def save_fitted(baselines: Mapping[str, Baseline], records: Iterable[bytes], path: str) -> Fitted:
    """Fits baselines to training examples, and writes what they have learned for a `LabelJudge`."""
    learned_from = list(records)
    content = pickle.dumps({name: baseline.fit(learned_from) for name, baseline in baselines.items()})
    with FileSystems.create(path) as file:
        file.write(content)
    return Fitted(path, hashlib.sha256(content).hexdigest())


def _load_fitted(fitted: Fitted) -> dict[str, Any]:
    with FileSystems.open(fitted.path) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != fitted.sha256:
        raise ValueError(f"{fitted.path} should be what this run wrote, but its content is another; nothing of it ran.")
    learned: dict[str, Any] = pickle.loads(content)
    return learned


def _ask_baseline(baseline: Baseline, learned: Any, labels: int) -> Ask:
    return lambda records: baseline.probabilities(learned, records, labels)
