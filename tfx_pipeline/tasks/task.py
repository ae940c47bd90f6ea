"""A task as one object: all that the pipeline, the configuration, the summary, the report and the commands ask of it.

This module and the modules `task` of the tasks load neither TFX nor TensorFlow, so that a command which only asks a
server starts fast; what needs them is imported where it is called.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.tuned_option import TunedOption
from trainer.options import Options

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block, Figure
    from tfx_pipeline.local_runner import NodeResult
    from tfx_pipeline.shop.inputs import PipelineInputs
    from tfx_pipeline.shop.products import ProductNodes
    from tfx_pipeline.shop.tables import TableNodes

TaskOptions = TypeVar("TaskOptions", bound=Options)


@dataclass(frozen=True, kw_only=True)
class SharedParts:
    """What the nodes of a task are made from.

    Attributes:
        shop: The configuration but its tasks.
        inputs: Digests and paths that were looked up beforehand.
        tables: The nodes of each table that is given.
        products: What is made of the products table for several tasks.
    """

    shop: ShopOptions
    inputs: "PipelineInputs"
    tables: Mapping[str, "TableNodes"]
    products: "ProductNodes"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The first part of a task's nodes: all up to the model that is to be served.

    Attributes:
        nodes: The nodes, in an order in which they can run.
        examples: The one of them that makes the examples; it puts out `catalogue`, `labels` or both too.
        model: The model that is to be served.
    """

    nodes: Sequence["BaseNode"]
    examples: "BaseNode"
    model: "BaseChannel"


class Task(ABC, Generic[TaskOptions]):
    """A task. Subclass it, and name an instance in `tfx_pipeline.tasks.registry` or as an entry point.

    Attributes:
        name: Its name in the configuration, in summary.json, and as a served model.
        options_class: What the configuration says of it.
        checks_fn: Dotted name of the function that asks a served model real requests and says what is wrong.
        tables: The tables that it reads where they are given; None for all that a run has.
        counted: What its metrics are over: the key of summary.json that counts them.
        headline: Metrics that people look at first.
        drawn: Metrics that the report draws with their intervals.
        product_inputs: What it reads of the products beside the table itself: transformed numbers and categories, the
            vectors of texts, or those of pictures.
        client_methods: Names of the client's methods that ask its model.
        tuned_metric: What `shelfwise tune` wants high: its path in training.json, measured on the validation split.
        exporter_role: The role of the node whose model is served; see `node_id`.
    """

    name: ClassVar[str]
    options_class: ClassVar[type[Options]]
    checks_fn: ClassVar[str]
    tables: ClassVar[frozenset[str] | None] = None
    counted: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]
    drawn: ClassVar[tuple[str, ...]]
    product_inputs: ClassVar[frozenset[Literal["numbers", "text_vectors", "pictures"]]] = frozenset()
    client_methods: ClassVar[tuple[str, ...]] = ()
    tuned_metric: ClassVar[str] = "eval.ndcg_at_10"
    exporter_role: ClassVar[str] = "Trainer"

    def node_id(self, role: str) -> str:
        """Returns the name of one of the task's nodes, such as SearchTrainer for the role Trainer.

        Every task has the roles Examples, Trainer, Evaluator, ServingValidator and Pusher.
        """
        return f"{self.name.capitalize()}{role}"

    def tuned(self, options: TaskOptions) -> tuple[TunedOption, ...]:
        """Returns the options that `shelfwise tune` searches, of a task with these options; none where it has none."""
        return ()

    def epochs_key(self) -> str | None:
        """Returns the option below the task that says how many epochs a training has; None where none does."""
        return "training.max_epochs"

    def trainings(self) -> Mapping[str, str]:
        """Returns the node of each training, by its name on TensorBoard."""
        return {self.name: self.node_id("Trainer")}

    @abstractmethod
    def check(self, shop: ShopOptions, options: TaskOptions) -> None:
        """Refuses a configuration that lacks what the task needs.

        Raises:
            ValueError: A table or an option is missing; the message names its key.
        """

    def backbones(self, shop: ShopOptions, options: TaskOptions) -> dict[str, str]:
        """Returns the backbone that each key of the configuration names, of those that the task reads."""
        return {}

    def language_models(self, options: TaskOptions) -> dict[str, str]:
        """Returns the language model that each key of the configuration names."""
        return {}

    def event_types(self, options: TaskOptions) -> tuple[str, ...]:
        """Returns the event types that the task knows; none where it reads no events, or takes any type.

        The first task of a run that names any decides which types the table may have.
        """
        return ()

    def bought_event_types(self, options: TaskOptions) -> tuple[str, ...]:
        """Returns the event types that the task takes for purchases; a row that gives something back cancels them."""
        return ()

    def extra_columns(self, table: str, options: TaskOptions) -> tuple[str, ...]:
        """Returns the columns of a table, beyond the contract's and the configured ones, that the task reads."""
        return ()

    def outcome_columns(self, table: str, options: TaskOptions) -> tuple[str, ...]:
        """Returns the columns of a table that say, yes or no, what the task learns to foretell."""
        return ()

    def update_outputs(self) -> tuple[str, ...]:
        """Returns what an update of the task starts from, as `NODE.OUTPUT`; none where it begins with nothing."""
        return ()

    def run_outputs(self) -> tuple[str, ...]:
        """Returns those of `update_outputs` that a run, which learns anew, goes on from too."""
        return ()

    def picture_columns(self, table: str, shop: ShopOptions, options: TaskOptions) -> tuple[str, ...]:
        """Returns the columns of a table that say where pictures lie, if the task reads them."""
        wanted = table == "products" and "pictures" in self.product_inputs and shop.pictures.read
        return (IMAGE,) if wanted else ()

    @abstractmethod
    def training_nodes(self, parts: SharedParts, options: TaskOptions) -> Trained:
        """Returns the nodes from the examples to the model that is to be served."""

    @abstractmethod
    def judging_nodes(
        self, parts: SharedParts, options: TaskOptions, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        """Returns the nodes that judge the model and push it, and whatever comes after.

        Args:
            parts: What tasks share.
            options: The task's own.
            trained: What `training_nodes` returned.
            models: The model of each task of the run, by name.
        """

    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        """Returns what the task's part of summary.json says beside what every task's says.

        Args:
            results: The result of each node of the run.
            root: The run's folder.
            blessed: Whether the model was blessed.
        """
        return {}

    def publish(self, root: Path, summary: TaskSummary, results: Mapping[str, "NodeResult"], shop: ShopOptions) -> None:
        """Puts files below the run's root, beside the served model; called once the summary is written."""

    def judged_over(self, summary: TaskSummary) -> str:
        """Says what the metrics are over."""
        count = summary.detail(self.counted)
        if isinstance(count, Mapping):
            return ", ".join(f"{number:,} {name} {self.counted}" for name, number in count.items())
        return f"{count:,} test {self.counted}"

    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        """Returns what the terminal says below the table of metrics, a line each."""
        return []

    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        """Returns pictures that stand beside those of the metrics; the arguments are those of `report_blocks`."""
        return []

    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        """Returns what the report shows of this task alone.

        Args:
            summary: The task's part of the summary.
            root: The run's folder, with what `publish` put there; None where there is none to look at.
        """
        return []

    def commands(self) -> "typer.Typer | None":
        """Returns the commands of `shelfwise` that are about this task; loads neither TFX nor TensorFlow."""
        return None

    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        """Asks the demo's served model something, and prints the answer.

        Args:
            client: Of a server with the model.
            root: The demo's folder, with its tables under `data/`.
        """
