"""A product of an answer."""

from dataclasses import dataclass

from serving.client.call import Outputs, first_rows, id_of, text_of


@dataclass(frozen=True)
class Answer:
    """A product of an answer, the best one first."""

    product_id: str
    score: float
    title: str


def read_answers(outputs: Outputs) -> list[Answer]:
    """Returns the products of the first row."""
    return [
        Answer(id_of(product_id), float(score), text_of(title))
        for product_id, score, title in first_rows(outputs, "product_ids", "scores", "titles")
    ]
