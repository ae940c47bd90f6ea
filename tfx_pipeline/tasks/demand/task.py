"""The task demand: weekly units in, quantiles of the coming weeks' units out, and what follows for the stock."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from serving.model_names import DEMAND_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.demand.config import DemandConfig
from tfx_pipeline.tasks.demand.outcome import outcome_lines
from tfx_pipeline.tasks.task import SharedParts, Task, Trained

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block, Figure
    from tfx_pipeline.local_runner import NodeResult


class DemandTask(Task[DemandConfig]):
    """Says how much will be sold."""

    name = DEMAND_MODEL
    options_class = DemandConfig
    checks_fn = "components.checks.demand.failed_checks"
    tables = frozenset({"events", "products", "promotions", "stock"})
    counted = "series"
    headline = ("wape", "pinball_50", "pinball_90", "below_90", "bias", "wape_categories")
    drawn = ("wape", "pinball_90")
    product_inputs = frozenset({"text_vectors"})
    client_methods = ("demand",)

    @override
    def check(self, shop: ShopOptions, options: DemandConfig) -> None:
        shop.needs_table("events", "the task demand adds purchases up by week")

    @override
    def bought_event_types(self, options: DemandConfig) -> tuple[str, ...]:
        return (options.bought_event_type,)

    @override
    def backbones(self, shop: ShopOptions, options: DemandConfig) -> dict[str, str]:
        return shop.text_backbone() if shop.tables.products is not None else {}

    @override
    def training_nodes(self, parts: SharedParts, options: DemandConfig) -> Trained:
        from tfx_pipeline.tasks.demand import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: DemandConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.demand import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        from tfx_pipeline.tasks.demand.nodes import plan_details

        return plan_details(self, results)

    @override
    def publish(self, root: Path, summary: TaskSummary, results: Mapping[str, "NodeResult"], shop: ShopOptions) -> None:
        from tfx_pipeline.tasks.demand.nodes import plan_folder
        from tfx_pipeline.tasks.demand.plan_files import publish_plan

        # Only what a blessed model says is worth ordering by.
        if summary.blessed:
            publish_plan(root, plan_folder(results))

    @override
    def judged_over(self, summary: TaskSummary) -> str:
        series = summary.detail("series") or {"test": 0, "compared": 0}
        every, compared = series["test"], series["compared"]
        over = f"{compared:,} of {every:,}" if compared < every else f"{every:,}"
        return f"{over} series, {summary.detail('test_weeks') or 0} test weeks"

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return outcome_lines(summary)

    @override
    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        from tfx_pipeline.tasks.demand.report import demand_figures

        return demand_figures(summary)

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.demand.report import demand_blocks

        return demand_blocks(summary)

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.demand import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.demand.demo import demonstrate

        demonstrate(client, root)
