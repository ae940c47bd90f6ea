"""What the client asks a classifier of texts."""

from dataclasses import dataclass

from serving.client.call import Call, Outputs, first_rows, id_of, text_of, texts
from serving.model_names import CLASSIFICATION_MODEL


@dataclass(frozen=True)
class LabelAnswer:
    """A label of a text."""

    label: str
    probability: float


@dataclass(frozen=True)
class ExplainedToken:
    """What a token of a text adds to the probability of its best label."""

    token: str
    attribution: float


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
    return Call(model, "serving_default", {"text": texts([text])}, _read_labels)


def explain_classification(text: str, model: str = CLASSIFICATION_MODEL) -> Call[list[ExplainedToken]]:
    """Says what each token of a text adds to the probability of its best label; see `classify`."""
    return Call(model, "explain", {"text": texts([text])}, _read_tokens)


def _read_labels(outputs: Outputs) -> list[LabelAnswer]:
    columns = zip(outputs["labels"][0], outputs["probabilities"][0], strict=True)
    return [LabelAnswer(id_of(label), float(probability)) for label, probability in columns]


def _read_tokens(outputs: Outputs) -> list[ExplainedToken]:
    return [
        ExplainedToken(text_of(token), float(attribution))
        for token, attribution in first_rows(outputs, "tokens", "attributions")
    ]
