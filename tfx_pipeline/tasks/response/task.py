"""The task response: who answers what is shown to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from serving.model_names import RESPONSE_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.summary.privacy import privacy_lines
from tfx_pipeline.tasks.response.config import ResponseConfig
from tfx_pipeline.tasks.response.outcome import outcome_lines
from tfx_pipeline.tasks.response.uplift_outcome import uplift_lines
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from tfx_pipeline.tasks.tuned_option import TunedOption

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block, Figure
    from tfx_pipeline.local_runner import NodeResult


class ResponseTask(Task[ResponseConfig]):
    """Says how likely a user responds to an offer."""

    name = RESPONSE_MODEL
    options_class = ResponseConfig
    checks_fn = "components.checks.response.failed_checks"
    tables = frozenset({"impressions", "offers", "events", "products", "users"})
    counted = "impressions"
    headline = ("auc", "normalised_entropy", "explained_entropy", "calibration_error")
    drawn = ("explained_entropy",)
    product_inputs = frozenset({"text_vectors"})
    tuned_metric = "eval.explained_entropy"
    client_methods = ("respond", "offer_uplift", "rank_offers", "explain_offer")

    @override
    def check(self, shop: ShopOptions, options: ResponseConfig) -> None:
        shop.needs_table("impressions", "the task response learns from what was shown")
        if options.user_features:
            shop.needs_table("users", "`tasks.response.user_features` names its columns")
        unknown = [name for name in options.user_features if name not in (*shop.features.users.categorical, "segment")]
        if unknown:
            raise ValueError(
                f"`tasks.response.user_features` names {', '.join(unknown)}; it should be `segment` or one of "
                "`features.users.categorical`"
            )
        if options.bought_event_type not in options.event_types:
            raise ValueError(
                f"`tasks.response.bought_event_type` is `{options.bought_event_type}`; it must be one of "
                f"{options.event_types}"
            )

    @override
    def backbones(self, shop: ShopOptions, options: ResponseConfig) -> dict[str, str]:
        has_texts = shop.tables.products is not None or shop.tables.offers is not None
        return shop.text_backbone() if has_texts and options.vector_width else {}

    @override
    def event_types(self, options: ResponseConfig) -> tuple[str, ...]:
        return options.event_types

    @override
    def bought_event_types(self, options: ResponseConfig) -> tuple[str, ...]:
        return (options.bought_event_type,)

    @override
    def outcome_columns(self, table: str, options: ResponseConfig) -> tuple[str, ...]:
        return options.outcomes if table == "impressions" else ()

    @override
    def tuned(self, options: ResponseConfig) -> tuple[TunedOption, ...]:
        return (
            TunedOption("training.learning_rate", low=3e-4, high=2e-2, logarithmic=True),
            TunedOption("training.penalty", low=0.3, high=100.0, logarithmic=True),
            TunedOption("training.wide_penalty", low=1.0, high=300.0, logarithmic=True),
            TunedOption("network.dropout", low=0.0, high=0.5),
        )

    @override
    def training_nodes(self, parts: SharedParts, options: ResponseConfig) -> Trained:
        from tfx_pipeline.tasks.response import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: ResponseConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.response import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def publish(self, root: Path, summary: TaskSummary, results: Mapping[str, "NodeResult"], shop: ShopOptions) -> None:
        from tfx_pipeline.tasks.response.campaign.publishing import publish_offers
        from tfx_pipeline.tasks.response.nodes import offers_folder

        # Only a blessed model's answers are worth acting on.
        if summary.blessed:
            publish_offers(root, offers_folder(results), summary.detail("uplift"))

    @override
    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        from tfx_pipeline.summary.training_parts import training_parts

        return training_parts(results, self.node_id("Trainer"), "privacy", "importance")

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return [*outcome_lines(summary), *privacy_lines(summary), *uplift_lines(summary)]

    @override
    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        from tfx_pipeline.tasks.response.report import response_figures
        from tfx_pipeline.tasks.response.uplift_report import uplift_figures

        return [*response_figures(summary), *uplift_figures(summary)]

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.response.report import response_blocks
        from tfx_pipeline.tasks.response.uplift_report import offer_blocks, uplift_blocks

        return [*response_blocks(summary), *uplift_blocks(summary), *offer_blocks(summary, root)]

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.response import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.response.demo import demonstrate

        demonstrate(client, root)
