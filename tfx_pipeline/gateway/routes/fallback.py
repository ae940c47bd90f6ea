"""What is shown where the models or the store do not answer."""

from tfx_pipeline.gateway.api.products import Product
from tfx_pipeline.gateway.parts import Parts
from tfx_pipeline.gateway.routes.parameters import Filters

FALLBACK_HEADER = "X-Shelfwise-Fallback"
BEST_SELLERS = "best-sellers"
NOT_PERSONAL = "not-personal"


def best_sellers(parts: Parts, filters: Filters, away: Exception) -> tuple[list[Product], dict[str, str]]:
    """Returns what sells, and the header that says so.

    Args:
        parts: The gateway's parts.
        filters: What the answer may hold.
        away: Why there is no better answer; raised where the gateway has no catalogue.
    """
    if not len(parts.catalogue):
        raise away
    parts.metrics.fallbacks.inc()
    found = parts.catalogue.best_sellers(
        filters.k,
        category=filters.category,
        max_price=filters.max_price,
        in_stock_only=filters.in_stock_only,
        exclude=set(filters.exclude_ids),
    )
    return found, {FALLBACK_HEADER: BEST_SELLERS}
