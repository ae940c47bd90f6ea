"""The task search: queries in, ranked and grouped products out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from serving.model_names import SEARCH_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.search.config import SearchConfig
from tfx_pipeline.tasks.task import SharedParts, Task, Trained
from tfx_pipeline.tasks.tuned_option import TunedOption

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block
    from tfx_pipeline.summary.model import TaskSummary


class SearchTask(Task[SearchConfig]):
    """Finds products by what people type."""

    name = SEARCH_MODEL
    options_class = SearchConfig
    checks_fn = "components.checks.search.failed_checks"
    tables = frozenset({"products", "judgements", "events", "impressions", "synonyms", "pins"})
    counted = "queries"
    headline = ("ndcg_at_10", "recall_at_10", "mrr_at_10")
    drawn = ("ndcg_at_10",)
    product_inputs = frozenset({"text_vectors", "pictures"})
    client_methods = (
        "search",
        "personal_search",
        "explain_search",
        "product_facts",
        "embed_query",
        "search_by_image",
    )
    exporter_role = "Index"

    @override
    def check(self, shop: ShopOptions, options: SearchConfig) -> None:
        shop.needs_table("products", "the task search finds products")
        shop.text_for("the task search needs texts")
        for column in options.serving.collapse_columns:
            if column not in shop.features.products.categorical:
                raise ValueError(
                    f"`tasks.search.serving.collapse` is `{column}`; it must be `title`, `none`, or the name of a "
                    "column of products that `features.products.categorical` lists too"
                )

    @override
    def outcome_columns(self, table: str, options: SearchConfig) -> tuple[str, ...]:
        outcome = options.queries.shown_outcome
        return (outcome,) if table == "impressions" and outcome is not None else ()

    @override
    def backbones(self, shop: ShopOptions, options: SearchConfig) -> dict[str, str]:
        return shop.text_backbone()

    @override
    def update_outputs(self) -> tuple[str, ...]:
        # Read where a person has to decide: an update of search trains anew.
        return tuple(f"{self.node_id('Examples')}.{output}" for output in ("examples", "catalogue"))

    @override
    def tuned(self, options: SearchConfig) -> tuple[TunedOption, ...]:
        return (
            TunedOption("training.learning_rate", low=1e-4, high=5e-3, logarithmic=True),
            TunedOption("training.temperature", low=0.02, high=0.2, logarithmic=True),
            TunedOption("training.hard_negatives", choices=(0, 1, 2)),
        )

    @override
    def training_nodes(self, parts: SharedParts, options: SearchConfig) -> Trained:
        from tfx_pipeline.tasks.search import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: SearchConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.search import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def report_blocks(self, summary: "TaskSummary", root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.search.asked_queries import query_blocks
        from tfx_pipeline.tasks.search.report import group_blocks

        return [*group_blocks(summary.detail("groups")), *query_blocks(root)]

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.search import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.search.demo import demonstrate

        demonstrate(client)
