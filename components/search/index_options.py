"""Options of SearchIndex; a plain model that the configuration can import without TFX."""

from typing import Any

from pydantic import Field

from trainer.clusters.options import ClusterOptions
from trainer.options import Options, PictureOptions, TextField
from trainer.search.options import PersonalOptions, SearchServingOptions


class SearchIndexOptions(Options):
    """How the catalogue is embedded, clustered and indexed, and the served model is exported.

    Attributes:
        serving: What the served model is made of.
        clusters: How results are grouped.
        relevant_from: Least relevance of a product that answers a query.
        max_query_tower_loss: Share of NDCG on the validation queries that a taught query tower may lose.
        text_fields: Product columns that the texts were made of; the model card hands them on.
        personal: How the reranker for who asks is trained; None for none.
        event_types: Names of the event types of a history, in the order of their numbers.
        bought_event_type: The one of them that stands for a purchase.
        pictures: How pictures that are asked become vectors; None where the shop has none.
        text_batch_size: Texts encoded at once, where the text encoder was trained.
        seed: Of the clusters and of the index.
        model_card: What the model card says beside what this component knows itself; its keys win.
    """

    serving: SearchServingOptions = SearchServingOptions()
    clusters: ClusterOptions = ClusterOptions()
    relevant_from: float = Field(default=0.5, gt=0.0, le=1.0)
    max_query_tower_loss: float = Field(default=0.02, ge=0.0, lt=1.0)
    text_fields: tuple[TextField, ...] = ("title",)
    personal: PersonalOptions | None = None
    event_types: tuple[str, ...] = ("view", "cart", "purchase")
    bought_event_type: str = "purchase"
    pictures: PictureOptions | None = None
    text_batch_size: int = Field(default=64, ge=1)
    seed: int = Field(default=0, ge=0)
    model_card: dict[str, Any] = Field(default_factory=dict)
