"""A typed client of the served models, for the embedded server and for stock TF Serving alike."""

from shelfwise_client.awaited_client import AsyncShelfwise
from shelfwise_client.blocking_client import Shelfwise
from shelfwise_client.calls.demand import DemandWeek
from shelfwise_client.calls.labels import ExplainedToken, LabelAnswer
from shelfwise_client.calls.products import Answer
from shelfwise_client.calls.recommendation import RecommendationReason, TogetherAnswer
from shelfwise_client.calls.response import ExplainedFeature, OfferAnswer, OfferUplift, Person
from shelfwise_client.calls.search import ExplainedWord, ProductFacts, SearchAnswer, SearchAnswers
from shelfwise_client.calls.segmentation import SegmentAnswer
from shelfwise_client.calls.support import FoundAnswer, Reply
from shelfwise_client.calls.writing import TextCheck, WrittenText
from shelfwise_client.chat.answer import ChatAnswer, ChatProduct
from shelfwise_client.chat.words import ChatWords
from shelfwise_client.errors import ServingError

__all__ = [
    "Answer",
    "AsyncShelfwise",
    "ChatAnswer",
    "ChatProduct",
    "ChatWords",
    "DemandWeek",
    "ExplainedFeature",
    "ExplainedToken",
    "ExplainedWord",
    "FoundAnswer",
    "LabelAnswer",
    "OfferAnswer",
    "OfferUplift",
    "Person",
    "ProductFacts",
    "RecommendationReason",
    "Reply",
    "SearchAnswer",
    "SearchAnswers",
    "SegmentAnswer",
    "ServingError",
    "Shelfwise",
    "TextCheck",
    "TogetherAnswer",
    "WrittenText",
]
