"""A typed client of the served models, for the embedded server and for stock TF Serving alike."""

from serving.client.awaited_client import AsyncShelfwise
from serving.client.blocking_client import Shelfwise
from serving.client.calls.labels import ExplainedToken, LabelAnswer
from serving.client.calls.products import Answer
from serving.client.calls.recommendation import TogetherAnswer
from serving.client.calls.search import ExplainedWord, SearchAnswer
from serving.client.calls.segmentation import SegmentAnswer
from serving.client.errors import ServingError

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
