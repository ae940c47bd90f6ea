"""The task segmentation: histories in, segments of customers out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from serving.model_names import SEGMENTATION_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.gaps import gap_lines, reweighting_lines
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.summary.privacy import privacy_lines
from tfx_pipeline.tasks.label_task import LabelTask
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig
from tfx_pipeline.tasks.segmentation.outcome import outcome_lines
from tfx_pipeline.tasks.task import SharedParts, Trained
from tfx_pipeline.tasks.tuned_option import TunedOption

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.figures.blocks import Block, Figure
    from tfx_pipeline.local_runner import NodeResult


class SegmentationTask(LabelTask[SegmentationConfig]):
    """Gives users segments."""

    name = SEGMENTATION_MODEL
    options_class = SegmentationConfig
    checks_fn = "components.checks.segmentation.failed_checks"
    tables = frozenset({"events", "products", "users"})
    counted = "users"
    sliced_table = "users"
    tuned_metric = "eval.f1_macro"
    client_methods = ("segment", "explain_segment")

    @override
    def check(self, shop: ShopOptions, options: SegmentationConfig) -> None:
        shop.needs_table("events", "the task segmentation learns from events")
        shop.text_for("the task segmentation needs its backbone")
        bought, types = options.bought_event_type, options.event_types
        if bought not in types:
            raise ValueError(f"`tasks.segmentation.bought_event_type` is `{bought}`; it must be one of {types}")
        if options.profiles.enabled:
            shop.needs_table("products", "`tasks.segmentation.profiles` tell users by the categories of products")
        self.check_slices(shop, options.gate)
        self.check_reweighting(shop, options.reweighting)

    @override
    def event_types(self, options: SegmentationConfig) -> tuple[str, ...]:
        return options.event_types

    @override
    def bought_event_types(self, options: SegmentationConfig) -> tuple[str, ...]:
        return (options.bought_event_type,)

    @override
    def backbones(self, shop: ShopOptions, options: SegmentationConfig) -> dict[str, str]:
        return shop.text_backbone()

    @override
    def tuned(self, options: SegmentationConfig) -> tuple[TunedOption, ...]:
        return (
            TunedOption("training.learning_rate", low=1e-4, high=1e-2, logarithmic=True),
            TunedOption("training.class_weights", choices=("none", "square_root", "balanced")),
            TunedOption("head.dropout", low=0.0, high=0.5),
        )

    @override
    def update_outputs(self) -> tuple[str, ...]:
        return (*super().update_outputs(), *self.run_outputs())

    @override
    def run_outputs(self) -> tuple[str, ...]:
        # Discovered segments keep their names.
        return (f"{self.node_id('Examples')}.labels",)

    @override
    def training_nodes(self, parts: SharedParts, options: SegmentationConfig) -> Trained:
        from tfx_pipeline.tasks.segmentation import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: SegmentationConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.segmentation import nodes

        return nodes.judging_nodes(self, parts, options, trained, models)

    @override
    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        from tfx_pipeline.tasks.segmentation.nodes import segment_details

        return segment_details(self, results, root, blessed=blessed)

    @override
    def publish(self, root: Path, summary: TaskSummary, results: Mapping[str, "NodeResult"], shop: ShopOptions) -> None:
        from tfx_pipeline.tasks.segmentation.nodes import profiles_folder, segments_folder
        from tfx_pipeline.tasks.segmentation.profile_files import publish_profiles
        from tfx_pipeline.tasks.segmentation.segment_files import publish_segments

        profiles = profiles_folder(results)
        if profiles is not None:
            publish_profiles(root, profiles)
        # Only a blessed model's segments are worth acting on.
        if summary.blessed:
            publish_segments(root, segments_folder(results), summary.detail("segment_definitions"), shop.beam_args)

    @override
    def outcome_lines(self, summary: TaskSummary) -> list[str]:
        return [*outcome_lines(summary), *privacy_lines(summary), *reweighting_lines(summary), *gap_lines(summary)]

    @override
    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        from tfx_pipeline.tasks.segmentation.report import segment_figures

        return [*super().report_figures(summary, root), *segment_figures(summary, root)]

    @override
    def report_blocks(self, summary: TaskSummary, root: Path | None) -> list["Block"]:
        from tfx_pipeline.tasks.segmentation.report import segment_blocks

        return segment_blocks(summary, root)

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.segmentation import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.segmentation.demo import demonstrate

        demonstrate(client, root)
