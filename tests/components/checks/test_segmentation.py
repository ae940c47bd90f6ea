"""What ServingValidator asks of a segmentation names wrong answers."""

import numpy as np

from components.checks.common import ServedModel
from components.checks.segmentation import failed_checks
from serving.client import ExplainedToken, LabelAnswer, SegmentAnswer, Shelfwise


class Client(Shelfwise):
    """Answers what it is told to, to any history."""

    def __init__(self, *segments: LabelAnswer, behaviour: str = "no visits", number: float = 0.0) -> None:
        super().__init__("127.0.0.1:1")
        self._answer, self._number = SegmentAnswer(list(segments), behaviour), number

    def segment(self, *arguments: object, **options: object) -> SegmentAnswer:
        return self._answer

    def explain_segment(self, *arguments: object, **options: object) -> list[ExplainedToken]:
        return [ExplainedToken("a", self._number)]

    def input_shapes(self, model: str, signature: str) -> dict[str, tuple[int, ...]]:
        return {"history_ids": (-1, 4)}

    def predict(self, model, signature, inputs, outputs=()):  # type: ignore[no-untyped-def]
        shape = (2, len(self._answer.segments))
        values = np.full(shape, self._number)
        return {"segments": np.full(shape, b"a", object), "probabilities": values, "embeddings": values}


def failures(client: Client) -> set[str]:
    card = {"labels": ["a", "b"], "products": ["p", "q"]}
    with client:
        return set(failed_checks(client, ServedModel(name="segmentation", card=card)))


def test_right_answers_are_right() -> None:
    assert failures(Client(LabelAnswer("b", 0.75), LabelAnswer("a", 0.25))) == set()


def test_wrong_answers_are_named() -> None:
    assert failures(Client(LabelAnswer("a", 0.25), LabelAnswer("b", 0.75), behaviour="", number=np.nan)) == {
        "serving_default: probabilities are not in descending order",
        "serving_default: the behaviour has no words",
        "explain: an attribution is not finite",
        "embed: the vectors are not finite",
    }
    assert failures(Client(LabelAnswer("a", 0.5))) == {
        "serving_default: the answer does not hold every segment once",
        "serving_default: probabilities do not sum up to 1",
        "evaluate: expected shape (2, 2), got (2, 1)",
        "examples: expected shape (2, 2), got (2, 1)",
    }
