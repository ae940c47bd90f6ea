"""The tasks that a client has methods for."""

from shelfwise_client.calls.classification import ClassificationCalls
from shelfwise_client.calls.demand import DemandCalls
from shelfwise_client.calls.recommendation import RecommendationCalls
from shelfwise_client.calls.response import ResponseCalls
from shelfwise_client.calls.search import SearchCalls
from shelfwise_client.calls.segmentation import SegmentationCalls
from shelfwise_client.calls.support import SupportCalls
from shelfwise_client.calls.writing import WritingCalls
from shelfwise_client.chat.conversation import ChatCalls


class TaskCalls(
    SearchCalls,
    RecommendationCalls,
    ClassificationCalls,
    SegmentationCalls,
    ResponseCalls,
    DemandCalls,
    SupportCalls,
    WritingCalls,
    ChatCalls,
):
    """The methods of all tasks; a new task is a module beside this one, and a name in this list."""
