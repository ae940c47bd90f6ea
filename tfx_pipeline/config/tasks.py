"""The tasks of a run, and the options of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.task import Task
from trainer.options import Options


class RequestedTasks(Options):
    """The tasks to run; one that is absent is not run."""

    def requested(self) -> tuple[str, ...]:
        """Returns the names of the tasks that are configured, in the registry's order."""
        return tuple(name for name in TASKS if getattr(self, name) is not None)

    def with_options(self) -> Iterator[tuple[Task[Any], Any]]:
        """Yields each task that is configured, and its options."""
        for name in self.requested():
            yield TASKS[name], getattr(self, name)


def _empty_is_default(value: Any) -> Any:
    """Reads a key of YAML without a value as options of which all are left out."""
    return {} if value is None else value


def _field(task: Task[Any]) -> tuple[Any, Any]:
    return (
        Annotated[task.options_class | None, BeforeValidator(_empty_is_default)],
        Field(default=None, validate_default=False),
    )


if TYPE_CHECKING:
    Tasks = RequestedTasks
else:
    Tasks = create_model(
        "Tasks",
        __base__=RequestedTasks,
        __doc__=RequestedTasks.__doc__,
        **{name: _field(task) for name, task in TASKS.items()},
    )
