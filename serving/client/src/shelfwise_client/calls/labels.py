"""Labels of an answer, and what explains them: of texts and of users alike."""

from dataclasses import dataclass

from shelfwise_client.call import FLOAT_ROWS, TEXT_ROWS, Output, Outputs, id_of, side_by_side, text_of, without_padding

TOKEN_OUTPUTS = {"tokens": TEXT_ROWS, "attributions": FLOAT_ROWS}


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


def label_outputs(name: str) -> dict[str, Output]:
    """Returns the outputs that `read_labels` needs."""
    return {name: TEXT_ROWS, "probabilities": FLOAT_ROWS}


def read_labels(outputs: Outputs, name: str) -> list[LabelAnswer]:
    """Returns the labels of the first row with their probabilities.

    Args:
        outputs: The outputs; `probabilities` is one of them.
        name: The output with the labels.
    """
    columns = side_by_side(outputs, name, "probabilities")
    return [LabelAnswer(id_of(label), float(probability)) for label, probability in columns]


def read_tokens(outputs: Outputs) -> list[ExplainedToken]:
    """Returns the reasons of the first row, the strongest first."""
    return [
        ExplainedToken(text_of(token), float(attribution))
        for token, attribution in without_padding(outputs, "tokens", "attributions")
    ]
