"""How the gateway is."""

from typing import Literal

from tfx_pipeline.gateway.api.values import Given


class Health(Given):
    """How the gateway is.

    Attributes:
        status: `ok`; `degraded` where models do not answer and what sells is shown; `down` where the store fails.
        models: The version of each model that answers.
        store: `ok`, or what is wrong with it.
        event_types: Types of events that are taken; empty for any.
        bought_event_type: The type that says that something was bought.
        categories: First levels of the catalogue's categories, the largest first; at most 50.
        products: How many products the catalogue has; 0 where it is not there.
    """

    status: Literal["ok", "degraded", "down"]
    models: dict[str, int]
    store: str
    event_types: list[str]
    bought_event_type: str
    categories: list[str]
    products: int
