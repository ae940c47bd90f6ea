"""Options of SearchExamples; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.events.options import check_bought_event_type
from trainer.options import Options, TextField


class QueryOptions(Options):
    """Where queries with relevant products come from, and how they are split.

    Attributes:
        pseudo_queries: Whether queries are made from the catalogue's texts: `auto` does so where no judgement and no
            event has a query.
        pseudo_queries_per_text: Queries made of each distinct text to train on. One more is made to evaluate on.
        max_pseudo_queries: Queries that are made to train on at the most. Of a larger catalogue fewer are made of a
            text, and if one of each is still too many, then of the first texts by sha256.
        eval_fraction: Share of the queries, by sha256, that training is validated on.
        test_fraction: Share of the queries, by sha256, that the model is judged on.
        max_evaluation_queries: Queries of each of those two splits at the most; the first by sha256 are taken.
        event_types: How much an event with a query says by its type that the product answers it; 0 and less say
            nothing, and types that are not named weigh 1.
        bought_event_type: The type that stands for a purchase, and that an unknown type of a history counts as.
        satisfied_seconds: An event whose `dwell_seconds` are fewer weighs less in proportion; 0 does not look at them.
        shown_outcome: The column of impressions that says whether what a search showed was clicked, such as `clicked`.
            Impressions with a `query` and a `position` then say which products answer it, corrected for how likely each
            place is looked at; left out, they are not read.
        personal_history: Events of a shopper's history that the reranker for who asks is shown at the most.
    """

    pseudo_queries: Literal["auto", "always", "never"] = "auto"
    pseudo_queries_per_text: int = Field(default=3, ge=1)
    max_pseudo_queries: int = Field(default=30_000, ge=1)
    eval_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    test_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    max_evaluation_queries: int = Field(default=2_000, ge=1)
    event_types: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        default={"view": 1.0, "cart": 2.0, "purchase": 3.0}, min_length=1
    )
    bought_event_type: str = "purchase"
    satisfied_seconds: float = Field(default=30.0, ge=0.0)
    shown_outcome: str | None = None
    personal_history: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> "QueryOptions":
        if self.eval_fraction + self.test_fraction >= 1.0:
            raise ValueError("`eval_fraction` and `test_fraction` leave nothing to train on; lower one of them")
        check_bought_event_type(self.bought_event_type, self.event_types)
        return self


class SearchExamplesOptions(Options):
    """How judgements, events and products become queries with relevant products.

    Attributes:
        queries: Where queries come from and how they are split.
        text_fields: Product columns that make up the text.
        kept_columns: Product columns that the catalogue has beside its own, as texts.
        max_unknown_product_fraction: Share of the judgements whose product the products table may lack.
        seed: Seed of the queries that are made.
    """

    queries: QueryOptions = QueryOptions()
    text_fields: tuple[TextField, ...] = ("title",)
    kept_columns: tuple[str, ...] = ()
    max_unknown_product_fraction: float = Field(default=0.2, ge=0.0, le=1.0)
    seed: int = Field(default=0, ge=0)
