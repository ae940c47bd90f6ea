"""Answers that are asked for often, without a model of each of their products in between."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from shelfwise_client.calls.products import Answer
from tfx_pipeline.gateway.catalogue import Catalogue
from tfx_pipeline.gateway.served_models import Said


class JsonAnswer(Response):
    """An answer made of what a route itself put together; its model is in the route's description alone.

    Half of a route's own time went into models of ten products and back. A test holds each such answer to its model.

    Args:
        content: Dictionaries, lists, texts, numbers that are finite, and None.
        headers: Headers of its own.
    """

    media_type = "application/json"

    def __init__(self, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(content, headers=headers)

    def render(self, content: Any) -> bytes:
        """Returns the JSON."""
        return orjson.dumps(content)


def products_of(answers: Iterable[Answer], catalogue: Catalogue) -> list[dict[str, Any]]:
    """Returns what an answer says of its products, as `api.products.Product` has it."""
    return [
        {"product_id": each.product_id, "title": each.title, "score": each.score, **catalogue.facts(each.product_id)}
        for each in answers
    ]


def said_by(said: Said[Any], request_id: str) -> dict[str, Any]:
    """Returns what every answer of a model says of itself, as `api.values.Answered` has it."""
    return {"request_id": request_id, "model": said.model, "version": said.version}
