"""What ServingValidator asks of a classifier names wrong answers."""

import numpy as np

from components.checks.classification import failed_checks
from components.checks.common import ServedModel
from serving.client import ExplainedToken, LabelAnswer, Shelfwise


class Client(Shelfwise):
    """Answers what it is told to."""

    def __init__(self, *answers: LabelAnswer, attribution: float = 0.0) -> None:
        super().__init__("127.0.0.1:1")
        self._answers, self._attribution = list(answers), attribution

    def classify(self, text: str, model: str = "classification") -> list[LabelAnswer]:
        return self._answers

    def explain_classification(self, text: str, model: str = "classification") -> list[ExplainedToken]:
        return [ExplainedToken("a", self._attribution)]

    def predict(self, model, signature, inputs, outputs=()):  # type: ignore[no-untyped-def]
        return {"probabilities": np.zeros((len(inputs["text"]), len(self._answers)))}


def failures(client: Client) -> set[str]:
    with client:
        return set(failed_checks(client, ServedModel(name="classification", card={"labels": ["a", "b"]})))


def test_right_answers_are_right() -> None:
    assert failures(Client(LabelAnswer("b", 0.75), LabelAnswer("a", 0.25))) == set()


def test_wrong_answers_are_named() -> None:
    assert failures(Client(LabelAnswer("a", 0.25), LabelAnswer("b", 0.75), attribution=np.nan)) == {
        "serving_default: probabilities are not in descending order",
        "explain: an attribution is not finite",
    }
    assert failures(Client(LabelAnswer("a", 0.5))) == {
        "serving_default: the answer does not hold every label once",
        "serving_default: probabilities do not sum up to 1",
        "evaluate: expected shape (8, 2), got (8, 1)",
    }
