"""A typed client of the served models, for the embedded server and for stock TF Serving alike."""

from serving.client.awaited_client import AsyncShelfwise
from serving.client.blocking_client import Shelfwise
from serving.client.classification_calls import ExplainedToken, LabelAnswer
from serving.client.products import Answer
from serving.client.recommendation_calls import TogetherAnswer
from serving.client.search_calls import ExplainedWord, SearchAnswer
from serving.client.segmentation_calls import SegmentAnswer
from serving.client_errors import ServingError

__all__ = [
    "Answer",
    "AsyncShelfwise",
    "ExplainedToken",
    "ExplainedWord",
    "LabelAnswer",
    "SearchAnswer",
    "SegmentAnswer",
    "ServingError",
    "Shelfwise",
    "TogetherAnswer",
]
