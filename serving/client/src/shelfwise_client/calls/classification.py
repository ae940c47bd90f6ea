"""What the client asks a classifier of texts."""

import numpy as np

from shelfwise_client.call import Call, texts
from shelfwise_client.calls.labels import (
    TOKEN_OUTPUTS,
    ExplainedToken,
    LabelAnswer,
    label_outputs,
    read_labels,
    read_tokens,
)
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import CLASSIFICATION_MODEL
from shelfwise_client.signature_names import EXPLAIN, SERVING_DEFAULT, WITH_IMAGE


def classify(text: str, model: str = CLASSIFICATION_MODEL) -> Call[list[LabelAnswer]]:
    """Gives a text labels.

    Args:
        text: Any text; of a very long one the beginning is read.
        model: Name that the classifier is served under.

    Returns:
        All labels, the most probable first.

    Raises:
        ServingError: The server did not answer.
    """
    inputs = {"text": texts([text])}
    return Call(model, SERVING_DEFAULT, inputs, lambda outputs: read_labels(outputs, "labels"), label_outputs("labels"))


def classify_with_image(text: str, image: bytes, model: str = CLASSIFICATION_MODEL) -> Call[list[LabelAnswer]]:
    """Gives a text with a picture labels; for a classifier that was trained with pictures.

    Args:
        text: Any text; of a very long one the beginning is read.
        image: The bytes of a JPEG or PNG; empty for none.
        model: Name that the classifier is served under.

    Returns:
        All labels, the most probable first.

    Raises:
        ServingError: The server did not answer, or the bytes are no picture that it takes.
    """
    inputs = {"text": texts([text]), "image": np.array([image], object)}
    return Call(model, WITH_IMAGE, inputs, lambda outputs: read_labels(outputs, "labels"), label_outputs("labels"))


def explain_classification(text: str, model: str = CLASSIFICATION_MODEL) -> Call[list[ExplainedToken]]:
    """Says what words and phrases add to the probability of the best label, the strongest first; see `classify`."""
    return Call(model, EXPLAIN, {"text": texts([text])}, read_tokens, TOKEN_OUTPUTS)


class ClassificationCalls:
    """The methods of a client that ask a classifier of texts."""

    classify = ClientMethod(classify)
    classify_with_image = ClientMethod(classify_with_image)
    explain_classification = ClientMethod(explain_classification)
