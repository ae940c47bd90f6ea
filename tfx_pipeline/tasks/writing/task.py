"""The task writing: texts about products and replies to customers that say nothing but their facts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from serving.model_names import WRITING_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from tfx_pipeline.tasks.writing.config import WritingConfig
from tfx_pipeline.tasks.writing.outcome import outcome_lines

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block


class WritingTask(Task[WritingConfig]):
    """Writes texts."""

    name = WRITING_MODEL
    options_class = WritingConfig
    checks_fn = "components.checks.writing.failed_checks"
    tables = frozenset({"products", "answers"})
    counted = "texts"
    headline = ("checked", "coverage", "chrf")
    drawn = ("checked", "coverage", "chrf")
    client_methods = ("write", "write_variants", "check_text")

    @override
    def check(self, shop: ShopOptions, options: WritingConfig) -> None:
        if not self.tables & set(shop.tables.given()):
            raise ValueError("`tables` should have `products` or `answers`; the task writing writes about them")

    @override
    def language_models(self, options: WritingConfig) -> dict[str, str]:
        return {"tasks.writing.language.model": options.language.model}

    @override
    def extra_columns(self, table: str, options: WritingConfig) -> tuple[str, ...]:
        return options.attributes if table == "products" else ()

    @override
    def training_nodes(self, parts: SharedParts, options: WritingConfig) -> Trained:
        from tfx_pipeline.tasks.writing import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: WritingConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.writing import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return outcome_lines(summary)

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.writing.report import writing_blocks

        return writing_blocks(summary)

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.writing import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.writing.demo import demonstrate

        demonstrate(client)
