"""Search."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from shelfwise_client.calls.search import SearchAnswer, search
from tfx_pipeline.gateway.api.products import Found
from tfx_pipeline.gateway.api.values import ShortText, Text
from tfx_pipeline.gateway.routes.answers import JsonAnswer, products_of, said_by
from tfx_pipeline.gateway.routes.parameters import OPTIONAL_USER, Filters, ToRead

_MOST_CHARACTERS = 1000

router = APIRouter(tags=["search"])


class SearchParameters(Filters):
    """What is searched for.

    Attributes:
        q: What was typed.
        user_id: Who it is shown to; empty for nobody known.
        earlier_query: What was asked before, which the query may add to.
        typing: Whether it is still being typed.
    """

    q: Annotated[Text, Field(max_length=_MOST_CHARACTERS, description="What was typed.")]
    user_id: Annotated[ShortText, Field(description=OPTIONAL_USER)] = ""
    earlier_query: Annotated[
        Text, Field(max_length=_MOST_CHARACTERS, description="What was asked before, which the query may add to.")
    ] = ""
    typing: Annotated[bool, Field(description="Whether it is still being typed: then it is not logged.")] = False


@router.get("/search", response_model=Found)
async def find(asking: Annotated[SearchParameters, Query()], asked: ToRead) -> JsonAnswer:
    """Find products by what people type, with the groups that they fall into."""
    parts, request_id = asked
    user = parts.users.of(asking.user_id) if asking.user_id else ""
    call = search(
        asking.q,
        k=asking.k,
        category=asking.category,
        max_price=asking.max_price,
        in_stock_only=asking.in_stock_only,
        exclude_ids=asking.exclude_ids,
        earlier_query=asking.earlier_query,
    )
    said = await parts.models.ask(call, user)
    products = [
        {**product, "variants": each.variants, "group": each.cluster_id, "pinned": each.pinned}
        for each, product in zip(said.result, products_of(said.result, parts.catalogue), strict=True)
    ]
    if not asking.typing:
        shown = [each["product_id"] for each in products]
        parts.impressions.ask(user, request_id, asking.q, shown, said.model, said.version)
    return JsonAnswer(
        {
            **said_by(said, request_id),
            "query": asking.q,
            "understood": said.result.understood,
            "products": products,
            "groups": _groups(said.result),
        }
    )


def _groups(found: list[SearchAnswer]) -> list[dict[str, Any]]:
    labels: dict[int, str] = {}
    counts: dict[int, int] = {}
    for each in found:
        labels.setdefault(each.cluster_id, each.cluster_label)
        counts[each.cluster_id] = counts.get(each.cluster_id, 0) + 1
    return [{"group": group, "label": label, "count": counts[group]} for group, label in labels.items()]
