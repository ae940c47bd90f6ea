"""The signatures by which a model that gives labels is asked."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from components.labels.judged_labels import in_order_of

_SIGNATURE, _PROBABILITIES = "evaluate", "probabilities"


class EvaluateSignature:
    """Asks a model by its signature `evaluate`, which answers in the order of the label vocabulary.

    Args:
        path: The SavedModel's folder.
        labels: The vocabulary that the model has learned.

    Raises:
        ValueError: The model has no such signature.
        OSError: There is no SavedModel.
    """

    def __init__(self, path: str, labels: Sequence[str]) -> None:
        self._model = tf.saved_model.load(path)  # Its variables live only as long as something holds it.
        signatures = self._model.signatures
        if _SIGNATURE not in signatures or _PROBABILITIES not in signatures[_SIGNATURE].structured_outputs:
            raise ValueError(f"The model in {path} should answer `{_SIGNATURE}` with {_PROBABILITIES}.")
        self._signature = signatures[_SIGNATURE]
        self._path, self._labels = path, len(labels)

    def takes(self, name: str) -> bool:
        """Returns whether it has an input of this name."""
        return name in self._signature.structured_input_signature[1]

    def width(self, name: str) -> int:
        """Returns how many values a row of an input has."""
        width: int = self._signature.structured_input_signature[1][name].shape[1]
        return width

    def ask(self, **inputs: tf.Tensor) -> npt.NDArray[np.float32]:
        """Returns float32 `(rows, labels)`.

        Raises:
            ValueError: The model answers another number of labels.
        """
        found: npt.NDArray[np.float32] = self._signature(**inputs)[_PROBABILITIES].numpy()
        if found.shape[1:] != (self._labels,):
            raise ValueError(
                f"The model in {self._path} should answer `{_SIGNATURE}` with {self._labels} probabilities a row, one "
                f"a label; got the shape {found.shape}."
            )
        return found


def ordered_answers(
    path: str, signature: str, output: str, labels: Sequence[str]
) -> Callable[..., npt.NDArray[np.float32]]:
    """Returns a function that asks a model by a signature that answers labels, in the order of a vocabulary.

    Args:
        path: The SavedModel's folder.
        signature: Answers labels and their probabilities, the most probable first.
        output: Name of the labels among its outputs.
        labels: The vocabulary, which may be another than the model's; see
            `components.labels.judged_labels.in_order_of`.

    Raises:
        ValueError: The model has no such signature with these outputs.
    """
    model = tf.saved_model.load(path)  # Its variables live only as long as the closure holds it.
    outputs = model.signatures[signature].structured_outputs if signature in model.signatures else ()
    if not {output, _PROBABILITIES} <= set(outputs):
        raise ValueError(f"The model in {path} should answer `{signature}` with {output} and {_PROBABILITIES}.")

    def ask(**inputs: tf.Tensor) -> npt.NDArray[np.float32]:
        answer = model.signatures[signature](**inputs)
        return in_order_of(labels, answer[output].numpy(), answer[_PROBABILITIES].numpy())

    return ask
