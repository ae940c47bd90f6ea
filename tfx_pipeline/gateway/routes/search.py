"""Search."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from shelfwise_client.calls.search import SearchAnswer, SearchAnswers, personal_search, search
from shelfwise_client.signature_names import PERSONAL
from tfx_pipeline.gateway.api.products import Found
from tfx_pipeline.gateway.api.values import ShortText, Text
from tfx_pipeline.gateway.parts import Parts
from tfx_pipeline.gateway.routes.answers import JsonAnswer, products_of, said_by
from tfx_pipeline.gateway.routes.fallback import FALLBACK_HEADER, NOT_PERSONAL
from tfx_pipeline.gateway.routes.parameters import Filters, ToRead
from tfx_pipeline.gateway.served_models import Said
from tfx_pipeline.gateway.store.records import History
from tfx_pipeline.gateway.store.store import StoreError

_MOST_CHARACTERS = 1000

router = APIRouter(tags=["search"])


class SearchParameters(Filters):
    """What is searched for.

    Attributes:
        q: What was typed.
        user_id: Who asks; empty for nobody known.
        earlier_query: What was asked before, which the query may add to.
        typing: Whether it is still being typed.
    """

    q: Annotated[Text, Field(max_length=_MOST_CHARACTERS, description="What was typed.")]
    user_id: Annotated[ShortText, Field(description="Who asks; empty for nobody known.")] = ""
    earlier_query: Annotated[
        Text, Field(max_length=_MOST_CHARACTERS, description="What was asked before, which the query may add to.")
    ] = ""
    typing: Annotated[bool, Field(description="Whether it is still being typed: then it is not logged.")] = False


@router.get("/search", response_model=Found)
async def find(asking: Annotated[SearchParameters, Query()], asked: ToRead) -> JsonAnswer:
    """Find products by what people type, with the groups that they fall into.

    Where a user is named and the model has learned from users' choices, they come in an order for the user.
    """
    parts, request_id = asked
    user = parts.users.of(asking.user_id) if asking.user_id else ""
    history, headers = await _history(parts, user)
    said, joined = await _ask(parts, asking, user, history)
    found = said.result
    products = [
        {**product, "variants": each.variants, "group": each.cluster_id, "pinned": each.pinned}
        for each, product in zip(found, products_of(found, parts.catalogue), strict=True)
    ]
    if not asking.typing:
        shown = [each["product_id"] for each in products]
        parts.impressions.ask(user, request_id, asking.q, shown, said.model, said.version)
    return JsonAnswer(
        {
            **said_by(said, request_id),
            "query": asking.q,
            "earlier_query": asking.earlier_query if joined else "",
            "understood": found.understood,
            "products": products,
            "groups": _groups(found),
            "events": len(history.product_ids) if history is not None and said.signature == PERSONAL else 0,
        },
        headers,
    )


async def _history(parts: Parts, user: str) -> tuple[History | None, dict[str, str]]:
    """Returns the history of a user, and the header that says where it could not be had; None for nobody known."""
    if not user:
        return None, {}
    try:
        return await parts.store.history(user), {}
    except StoreError:
        # The same order for everybody is an answer; none would be worse.
        parts.metrics.fallbacks.inc()
        return None, {FALLBACK_HEADER: NOT_PERSONAL}


async def _ask(
    parts: Parts, asking: SearchParameters, user: str, history: History | None
) -> tuple[Said[SearchAnswers], bool]:
    """Returns the answer, and whether the query was joined with the earlier one."""
    filters = asking.model_dump(include=set(Filters.model_fields))
    alone = search(asking.q, **filters)
    if asking.earlier_query:
        both = search(asking.q, earlier_query=asking.earlier_query, **filters)
        together = await parts.models.ask_where_able(both, alone, user)
        if together.result.joined or history is None:
            return together, together.result.joined
    if history is None:
        return await parts.models.ask(alone, user), False
    own = personal_search(asking.q, history.product_ids, history.event_types, history.ages(parts.now()), **filters)
    return await parts.models.ask_where_able(own, alone, user), False


def _groups(found: list[SearchAnswer]) -> list[dict[str, Any]]:
    labels: dict[int, str] = {}
    counts: dict[int, int] = {}
    for each in found:
        labels.setdefault(each.cluster_id, each.cluster_label)
        counts[each.cluster_id] = counts.get(each.cluster_id, 0) + 1
    return [{"group": group, "label": label, "count": counts[group]} for group, label in labels.items()]
