"""The tasks that a client has methods for."""

from serving.client.calls.classification import ClassificationCalls
from serving.client.calls.recommendation import RecommendationCalls
from serving.client.calls.search import SearchCalls
from serving.client.calls.segmentation import SegmentationCalls


class TaskCalls(SearchCalls, RecommendationCalls, ClassificationCalls, SegmentationCalls):
    """The methods of all tasks; a new task is a module beside this one, and a name in this list."""
