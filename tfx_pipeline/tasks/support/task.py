"""The task support: questions to the shop, answered by its own answers or handed over."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from serving.model_names import SUPPORT_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.support.config import SupportConfig
from tfx_pipeline.tasks.support.outcome import outcome_lines
from tfx_pipeline.tasks.task import SharedParts, Task, Trained

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block, Figure


class SupportTask(Task[SupportConfig]):
    """Answers questions."""

    name = SUPPORT_MODEL
    options_class = SupportConfig
    checks_fn = "components.checks.support.failed_checks"
    tables = frozenset({"answers", "dialogues", "products"})
    counted = "questions"
    headline = ("accuracy", "mrr", "answered", "wrong", "intent_accuracy")
    drawn = ("accuracy", "mrr")
    client_methods = ("reply", "chat")

    @override
    def check(self, shop: ShopOptions, options: SupportConfig) -> None:
        shop.needs_table("answers", "the task support answers with them")
        shop.text_for("the task support needs its backbone")

    @override
    def backbones(self, shop: ShopOptions, options: SupportConfig) -> dict[str, str]:
        return shop.text_backbone()

    @override
    def extra_columns(self, table: str, options: SupportConfig) -> tuple[str, ...]:
        split_column = options.split.split_column
        return (split_column,) if table == "answers" and split_column else ()

    @override
    def training_nodes(self, parts: SharedParts, options: SupportConfig) -> Trained:
        from tfx_pipeline.tasks.support import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: SupportConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.support import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return outcome_lines(summary)

    @override
    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        from tfx_pipeline.tasks.support.report import support_figures

        return support_figures(summary)

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.support.report import support_blocks

        return support_blocks(summary)

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.support import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.support.demo import demonstrate

        demonstrate(client)
