"""Writes test texts with a served model and with its templates, and measures each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from components.gate.judgement import MODEL
from components.writing.judging.gate_options import CHECKED, CHRF, COVERAGE
from serving.signature_names import CHECK, SERVING_DEFAULT
from serving.writing.template import Template
from trainer.metrics.chrf import sentence_chrf
from trainer.writing.options import TextKindOptions, without_settings
from trainer.writing.pairs import Pair, requests

METRICS = (CHECKED, COVERAGE, CHRF)
WHAT, TEXT, REASON, SUPPORTED, FACTS = "what", "text", "reason", "supported", "facts"


def judged_schema(systems: Sequence[str]) -> pa.Schema:
    """Returns the columns of judged texts: those of the model, then SYSTEM.METRIC of each system.

    chrF is NaN where the shop has no text of its own.
    """
    return pa.schema(
        [
            (WHAT, pa.string()),
            (FACTS, pa.string()),
            (TEXT, pa.string()),
            (REASON, pa.string()),
            (SUPPORTED, pa.bool_()),
            *((f"{system}.{metric}", pa.float32()) for system in systems for metric in METRICS),
        ]
    )


class WritingJudge:
    """Writes and measures.

    Args:
        models: Paths of served models by name of the system.
        baselines: Names of the baselines.
        kinds: The kinds of text, with their templates.
    """

    def __init__(
        self, models: Mapping[str, str], baselines: Sequence[str], kinds: Mapping[str, TextKindOptions]
    ) -> None:
        self._models = {name: tf.saved_model.load(path) for name, path in models.items()}
        self._systems = [*models, *baselines]
        self._templates = {
            name: Template(without_settings(kind.templates[0], kind.style, kind.max_words))
            for name, kind in kinds.items()
        }

    def judge(self, records: Sequence[bytes]) -> pa.Table:
        """Returns a row with `judged_schema` of each serialized `Pair`."""
        pairs = [Pair.from_record(record) for record in records]
        asked = requests(pairs)
        columns: dict[str, Any] = {
            WHAT: [pair.what for pair in pairs],
            FACTS: ["; ".join(filter(None, pair.fields)) for pair in pairs],
        }
        checker = self._models[MODEL]
        for system in self._systems:
            if system in self._models:
                answer = written(self._models[system], pairs)
                texts, checked = answer["text"], answer["checked"].astype(np.float32)
                if system == MODEL:
                    columns |= {
                        TEXT: [_shown(each) for each in texts],
                        REASON: [_shown(each) for each in answer["reason"]],
                    }
            else:
                texts = np.array([self._templates[pair.what].fill(pair.named()).encode() for pair in pairs], np.object_)
                checked = np.ones(len(pairs), np.float32)
            found = checker.signatures[CHECK](**asked, text=tf.constant(texts, tf.string))
            if system == MODEL:
                # What a template says of the facts is all that there is to say, whatever it is.
                columns[SUPPORTED] = found["checked"].numpy() | (answer["written_by"] == b"template")
            columns |= {
                f"{system}.{CHECKED}": checked,
                f"{system}.{COVERAGE}": found["shared"].numpy(),
                f"{system}.{CHRF}": np.array(
                    [_likeness(_shown(text), pair) for text, pair in zip(texts, pairs, strict=True)]
                ),
            }
        schema = judged_schema(self._systems)
        return pa.table(columns).select(schema.names).cast(schema)


def written(model: Any, pairs: Sequence[Pair]) -> dict[str, npt.NDArray[Any]]:
    """Returns what the signature `serving_default` of a loaded model answers, arrays of a row each pair."""
    answer = model.signatures[SERVING_DEFAULT](**requests(pairs))
    return {name: values.numpy() for name, values in answer.items()}


def _likeness(text: str, pair: Pair) -> float:
    return sentence_chrf(text, pair.target) / 100.0 if pair.target else float("nan")


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace")
