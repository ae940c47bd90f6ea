"""A product of an answer."""

from dataclasses import dataclass

from shelfwise_client.call import FLOAT_ROWS, TEXT_ROWS, Outputs, id_of, text_of, without_padding

PRODUCT_OUTPUTS = {"product_ids": TEXT_ROWS, "scores": FLOAT_ROWS, "titles": TEXT_ROWS}


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
        for product_id, score, title in without_padding(outputs, "product_ids", "scores", "titles")
    ]
