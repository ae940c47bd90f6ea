"""How the gateway is."""

from fastapi import APIRouter, Response

from shelfwise_client import model_names
from tfx_pipeline.gateway.api.health import Health
from tfx_pipeline.gateway.routes.parameters import ByAnybody, ToRead
from tfx_pipeline.gateway.store.store import StoreError

_MODELS = (
    model_names.SEARCH_MODEL,
    model_names.RECOMMENDATION_MODEL,
    model_names.SEGMENTATION_MODEL,
    model_names.CLASSIFICATION_MODEL,
    model_names.RESPONSE_MODEL,
    model_names.DEMAND_MODEL,
    model_names.SUPPORT_MODEL,
)

router = APIRouter(tags=["health"])


@router.get("/health")
async def health(asked: ByAnybody, response: Response) -> Health:
    """Say which models answer, and whether events are taken; 503 where they are not."""
    parts, _ = asked
    store = "ok"
    try:
        await parts.store.check()
    except StoreError as error:
        store, response.status_code = str(error), 503
    models = await parts.models.versions(_MODELS)
    return Health(
        status="down" if store != "ok" else "ok" if models else "degraded",
        models=models,
        store=store,
        event_types=list(parts.shop.event_types),
        bought_event_type=parts.shop.bought_event_type,
        categories=parts.catalogue.categories,
        products=len(parts.catalogue),
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(asked: ToRead) -> Response:
    """Give what was counted to Prometheus."""
    return Response(asked.parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
