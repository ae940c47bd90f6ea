"""What treatments add, as the served response model says it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from serving.graph.answers import text_variable, texts_at


@dataclass(frozen=True)
class TreatmentScorer:
    """What is expected under each treatment.

    Attributes:
        treatments: Their names; the first is the control, which shows nothing.
        expected: Features to the probability of the first outcome under each, float32 `(rows, treatments)`.
    """

    treatments: tuple[str, ...]
    expected: Callable[[Mapping[str, tf.Tensor]], tf.Tensor]


class BestTreatment(tf.Module):
    """Answers with the treatment that adds most.

    Args:
        treatments: Names; the first is the control.
    """

    def __init__(self, treatments: tuple[str, ...]) -> None:
        super().__init__(name="best_treatment")
        self._names = text_variable([name.encode("utf-8", "surrogateescape") for name in treatments[1:]], "treatments")

    def answer(self, expected: tf.Tensor, absent: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns `uplift`, what the best treatment adds to the probability, and `treatments`, which one that is.

        Args:
            expected: float32 `(batch, asked, treatments)`, the control first.
            absent: bool `(batch, asked)`, where nothing is asked: the answer is 0 and "" there.
        """
        added = expected[:, :, 1:] - expected[:, :, :1]
        best = texts_at(self._names, tf.argmax(added, axis=2, output_type=tf.int32))
        return {
            "uplift": tf.where(absent, 0.0, tf.reduce_max(added, axis=2)),
            "treatments": tf.where(absent, "", best),
        }
