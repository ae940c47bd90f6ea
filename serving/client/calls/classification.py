"""What the client asks a classifier of texts."""

from serving.client.call import Call, texts
from serving.client.calls.labels import ExplainedToken, LabelAnswer, read_labels, read_tokens
from serving.client.methods import ClientMethod
from serving.model_names import CLASSIFICATION_MODEL
from serving.signature_names import EXPLAIN, SERVING_DEFAULT


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
    return Call(model, SERVING_DEFAULT, {"text": texts([text])}, lambda outputs: read_labels(outputs, "labels"))


def explain_classification(text: str, model: str = CLASSIFICATION_MODEL) -> Call[list[ExplainedToken]]:
    """Says what words and phrases add to the probability of the best label, the strongest first; see `classify`."""
    return Call(model, EXPLAIN, {"text": texts([text])}, read_tokens)


class ClassificationCalls:
    """The methods of a client that ask a classifier of texts."""

    classify = ClientMethod(classify)
    explain_classification = ClientMethod(explain_classification)
