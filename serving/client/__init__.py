"""The client of the served models, as the distribution `shelfwise-client` has it; its source stands in `src/`."""

from shelfwise_client import (
    Answer,
    AsyncShelfwise,
    DemandWeek,
    ExplainedFeature,
    ExplainedToken,
    ExplainedWord,
    LabelAnswer,
    OfferAnswer,
    OfferUplift,
    Person,
    SearchAnswer,
    SegmentAnswer,
    ServingError,
    Shelfwise,
    TogetherAnswer,
)

__all__ = [
    "Answer",
    "AsyncShelfwise",
    "DemandWeek",
    "ExplainedFeature",
    "ExplainedToken",
    "ExplainedWord",
    "LabelAnswer",
    "OfferAnswer",
    "OfferUplift",
    "Person",
    "SearchAnswer",
    "SegmentAnswer",
    "ServingError",
    "Shelfwise",
    "TogetherAnswer",
]
