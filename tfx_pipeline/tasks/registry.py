"""The tasks there are: those of this package, and those that installed packages add.

A package adds a task by an entry point of the group `shelfwise.tasks` that names an instance of
`tfx_pipeline.tasks.task.Task`.
"""

from importlib.metadata import entry_points
from typing import Any

from tfx_pipeline.tasks.classification.task import ClassificationTask
from tfx_pipeline.tasks.recommendation.task import RecommendationTask
from tfx_pipeline.tasks.search.task import SearchTask
from tfx_pipeline.tasks.segmentation.task import SegmentationTask
from tfx_pipeline.tasks.task import Task

ENTRY_POINTS = "shelfwise.tasks"


def _installed() -> tuple[Task[Any], ...]:
    tasks = tuple(entry_point.load() for entry_point in sorted(entry_points(group=ENTRY_POINTS)))
    for task in tasks:
        if not isinstance(task, Task):
            raise TypeError(f"an entry point of `{ENTRY_POINTS}` should name an instance of Task, got {task!r:.80}")
    return tasks


# In the order in which they are reported.
_ALL: tuple[Task[Any], ...] = (
    RecommendationTask(),
    SearchTask(),
    ClassificationTask(),
    SegmentationTask(),
    *_installed(),
)
TASKS = {task.name: task for task in _ALL}
