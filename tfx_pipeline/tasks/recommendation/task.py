"""The task recommendation: histories in, products out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from components.tables.contract import TABLES
from serving.model_names import RECOMMENDATION_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.gaps import exposure_lines, gap_lines
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.summary.privacy import privacy_lines
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from tfx_pipeline.tasks.recommendation.outcome import outcome_lines, price_of_adjustments, rules_in_ranker
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from tfx_pipeline.tasks.tuned_option import TunedOption

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block
    from tfx_pipeline.local_runner import NodeResult


# What its model was made from that tasks share.
_OF_PRODUCTS = ("ProductsTransform.transformed_examples", "ProductsTextVectors.vectors")


class RecommendationTask(Task[RecommendationConfig]):
    """Finds a user's next products."""

    name = RECOMMENDATION_MODEL
    options_class = RecommendationConfig
    checks_fn = "components.checks.recommendation.failed_checks"
    tables = frozenset({"events", "products", "users", "relations", "pins"})
    counted = "users"
    headline = (
        "ndcg_at_10",
        "recall_at_10",
        "mrr_at_10",
        "novel_ndcg_at_10",
        "novel_recall_at_10",
        "coverage_at_10",
        "diversity_at_10",
    )
    drawn = ("ndcg_at_10", "novel_ndcg_at_10")
    product_inputs = frozenset({"numbers", "text_vectors", "pictures"})
    client_methods = ("recommend", "similar", "bought_together", "complements", "explain_recommendation", "embed")
    exporter_role = "Index"

    @override
    def trainings(self) -> Mapping[str, str]:
        return {**super().trainings(), f"{self.name}-ranker": self.node_id("Ranker")}

    @override
    def check(self, shop: ShopOptions, options: RecommendationConfig) -> None:
        shop.needs_table("events", "the task recommendation learns from events")
        known = (*TABLES["products"].text_columns, *shop.features.products.categorical)
        for name in options.exposure_columns:
            if name not in known:
                raise ValueError(
                    f"`tasks.recommendation.exposure_columns` names `{name}`, which no products table has by itself; "
                    "list it under `features.products.categorical` too"
                )
        if shop.text is not None:
            shop.needs_table("products", "give it, or set `text: off`")
            if options.privacy is not None and shop.text.training != "frozen":
                raise ValueError("`tasks.recommendation.privacy` is given: set `text.training` to frozen")

    @override
    def event_types(self, options: RecommendationConfig) -> tuple[str, ...]:
        return tuple(options.event_types)

    @override
    def bought_event_types(self, options: RecommendationConfig) -> tuple[str, ...]:
        return (options.bought_event_type,)

    @override
    def backbones(self, shop: ShopOptions, options: RecommendationConfig) -> dict[str, str]:
        return shop.text_backbone()

    @override
    def update_outputs(self) -> tuple[str, ...]:
        own = (("Examples", "catalogue"), ("Examples", "examples"), ("Trainer", "model"), ("Ranker", "model"))
        return (*(f"{self.node_id(role)}.{output}" for role, output in own), *_OF_PRODUCTS)

    @override
    def tuned(self, options: RecommendationConfig) -> tuple[TunedOption, ...]:
        return (
            TunedOption("training.learning_rate", low=3e-4, high=1e-2, logarithmic=True),
            TunedOption("training.label_smoothing", low=0.0, high=0.3),
            TunedOption("towers.dropout", low=0.0, high=0.4),
        )

    @override
    def training_nodes(self, parts: SharedParts, options: RecommendationConfig) -> Trained:
        from tfx_pipeline.tasks.recommendation import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: RecommendationConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.recommendation import nodes

        return nodes.judging_nodes(self, parts, options, trained, models)

    @override
    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        from tfx_pipeline.summary.training_parts import training_parts
        from tfx_pipeline.tasks.recommendation.mined_rules import rules_summary
        from tfx_pipeline.tasks.recommendation.nodes import RULES

        rules = {"rules": rules_summary(Path(results[RULES].outputs["rules"].uri))} if RULES in results else {}
        of_towers = training_parts(results, self.node_id("Trainer"), "pictures", "privacy")
        return rules | of_towers | training_parts(results, self.node_id("Ranker"), "importance")

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return [*outcome_lines(summary), *privacy_lines(summary), *gap_lines(summary), *exposure_lines(summary)]

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.figures.blocks import Block
        from tfx_pipeline.tasks.recommendation.history_report import history_blocks
        from tfx_pipeline.tasks.recommendation.report import rule_blocks

        return [
            *history_blocks(summary.detail("cold_start") or {}),
            Block(lines=price_of_adjustments(summary)),
            *rule_blocks(summary.detail("rules") or {}),
            Block(lines=rules_in_ranker(summary)),
        ]

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.recommendation import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.recommendation.demo import demonstrate

        demonstrate(client, root)
