"""The tasks there are: those of this package, and those that installed packages add.

A package adds a task by an entry point of the group `shelfwise.tasks` that names an instance of
`tfx_pipeline.tasks.task.Task`.
"""

from importlib.metadata import entry_points
from typing import Any

from tfx_pipeline.tasks.classification.task import ClassificationTask
from tfx_pipeline.tasks.demand.task import DemandTask
from tfx_pipeline.tasks.recommendation.task import RecommendationTask
from tfx_pipeline.tasks.response.task import ResponseTask
from tfx_pipeline.tasks.search.task import SearchTask
from tfx_pipeline.tasks.segmentation.task import SegmentationTask
from tfx_pipeline.tasks.support.task import SupportTask
from tfx_pipeline.tasks.task import Task
from tfx_pipeline.tasks.writing.task import WritingTask

ENTRY_POINTS = "shelfwise.tasks"


def all_tasks() -> dict[str, Task[Any]]:
    """Returns every task by its name, in the order in which they are reported.

    Raises:
        RuntimeError: A package's entry point cannot be loaded, names no task, or one whose name is taken.
    """
    own: list[Task[Any]] = [
        RecommendationTask(),
        SearchTask(),
        ClassificationTask(),
        SegmentationTask(),
        ResponseTask(),
        DemandTask(),
        SupportTask(),
        WritingTask(),
    ]
    tasks = {task.name: task for task in own}
    for entry_point in sorted(entry_points(group=ENTRY_POINTS)):
        try:
            task = entry_point.load()
        except Exception as error:  # Another package may fail in any way; whoever reads it has to know which it is.
            raise RuntimeError(
                f"The entry point {entry_point.value} of `{ENTRY_POINTS}` cannot be loaded: "
                f"{type(error).__name__}: {error}. Mend or remove the package that brings it."
            ) from error
        if not isinstance(task, Task):
            raise RuntimeError(
                f"The entry point {entry_point.value} of `{ENTRY_POINTS}` should name an instance of "
                f"tfx_pipeline.tasks.task.Task, got {task!r:.80}."
            )
        if task.name in tasks:
            raise RuntimeError(
                f"The entry point {entry_point.value} adds a task `{task.name}`, but there is one already."
            )
        tasks[task.name] = task
    return tasks


TASKS = all_tasks()
