"""What the configuration says of the task search."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from components.search.examples.options import QueryOptions
from components.search.judging.gate_options import SearchGateOptions
from tfx_pipeline.shop.values import off_is_none
from trainer.clusters.options import ClusterOptions
from trainer.options import Options
from trainer.search.options import PersonalOptions, SearchServingOptions, SearchTrainingOptions


class SearchConfig(Options):
    """The task `search`.

    Attributes:
        queries: Where queries with relevant products come from, and how they are split.
        text_training: How BERT is trained: `frozen` leaves it as it is, `lora` trains a small update of it, `full`
            trains all of it. Left out: as `text.training` says.
        training: How the encoder, or what stands on top of it, is trained.
        serving: What the served model is made of.
        personal: The reranker for who asks, which learns from events with a query; `off` leaves it out.
        clusters: How the catalogue is clustered, for the report.
        gate: What a model must reach to be blessed.
    """

    queries: QueryOptions = QueryOptions()
    text_training: Literal["frozen", "lora", "full"] | None = None
    training: SearchTrainingOptions = SearchTrainingOptions()
    serving: SearchServingOptions = SearchServingOptions()
    personal: Annotated[PersonalOptions | None, BeforeValidator(off_is_none)] = PersonalOptions()
    clusters: ClusterOptions = ClusterOptions()
    gate: SearchGateOptions = SearchGateOptions()
