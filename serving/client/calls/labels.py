"""Labels of an answer, and what explains them: of texts and of users alike."""

from dataclasses import dataclass

from serving.client.call import Outputs, first_rows, id_of, text_of


@dataclass(frozen=True)
class LabelAnswer:
    """A label of a text, or a segment of a user."""

    label: str
    probability: float


@dataclass(frozen=True)
class ExplainedToken:
    """What a word or phrase of a text, or something that a user does, adds to the probability of the best label."""

    token: str
    attribution: float


def read_labels(outputs: Outputs, name: str) -> list[LabelAnswer]:
    """Returns the labels of the first row with their probabilities.

    Args:
        outputs: The outputs; `probabilities` is one of them.
        name: The output with the labels.
    """
    columns = zip(outputs[name][0], outputs["probabilities"][0], strict=True)
    return [LabelAnswer(id_of(label), float(probability)) for label, probability in columns]


def read_tokens(outputs: Outputs) -> list[ExplainedToken]:
    """Returns the reasons of the first row, the strongest first."""
    return [
        ExplainedToken(text_of(token), float(attribution))
        for token, attribution in first_rows(outputs, "tokens", "attributions")
    ]
