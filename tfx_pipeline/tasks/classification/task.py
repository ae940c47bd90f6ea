"""The task classification: labelled texts in, a classifier of texts out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from serving.model_names import CLASSIFICATION_MODEL
from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.summary.gaps import gap_lines, reweighting_lines
from tfx_pipeline.tasks.classification.config import ClassificationConfig
from tfx_pipeline.tasks.label_task import LabelTask
from tfx_pipeline.tasks.task import SharedParts, Trained
from tfx_pipeline.tasks.tuned_option import TunedOption
from trainer.classification.options import NO_BACKBONE
from trainer.pretraining.options import SCRATCH

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise
    from tfx_pipeline.local_runner import NodeResult
    from tfx_pipeline.summary.model import TaskSummary


class ClassificationTask(LabelTask[ClassificationConfig]):
    """Gives texts labels."""

    name = CLASSIFICATION_MODEL
    options_class = ClassificationConfig
    checks_fn = "components.checks.classification.failed_checks"
    tables = frozenset({"texts", "unlabelled_texts"})
    counted = "texts"
    sliced_table = "texts"
    tuned_metric = "fused.f1_macro"
    client_methods = ("classify", "explain_classification", "classify_with_image")

    @override
    def check(self, shop: ShopOptions, options: ClassificationConfig) -> None:
        shop.needs_table("texts", "the task classification learns from labelled texts")
        if options.backbone != NO_BACKBONE:
            shop.text_for("the task classification needs its backbone")
        self.check_slices(shop, options.gate)
        self.check_reweighting(shop, options.reweighting)
        if options.pictures and not shop.pictures.read:
            raise ValueError("`tasks.classification.pictures` needs pictures that are read; set `pictures.read` too")

    @override
    def backbones(self, shop: ShopOptions, options: ClassificationConfig) -> dict[str, str]:
        if options.backbone is None:
            return shop.text_backbone()
        return {} if options.backbone in (SCRATCH, NO_BACKBONE) else {"tasks.classification.backbone": options.backbone}

    @override
    def extra_columns(self, table: str, options: ClassificationConfig) -> tuple[str, ...]:
        split_column = options.split.split_column
        return (split_column,) if table == "texts" and split_column else ()

    @override
    def picture_columns(self, table: str, shop: ShopOptions, options: ClassificationConfig) -> tuple[str, ...]:
        return (IMAGE,) if table == "texts" and options.pictures else ()

    @override
    def summary_details(self, results: Mapping[str, "NodeResult"], root: Path, *, blessed: bool) -> dict[str, Any]:
        from tfx_pipeline.summary.training_parts import training_parts

        trainer = self.node_id("Trainer")
        return training_parts(results, trainer, "pictures", "privacy", "reweighting")

    @override
    def outcome_lines(self, summary: "TaskSummary") -> list[str]:
        from tfx_pipeline.summary.privacy import privacy_lines

        return [*privacy_lines(summary), *reweighting_lines(summary), *gap_lines(summary)]

    @override
    def tuned(self, options: ClassificationConfig) -> tuple[TunedOption, ...]:
        weights = TunedOption("training.class_weights", choices=("none", "square_root", "balanced"))
        wide = TunedOption("wide.inverse_regularisation", low=0.3, high=100.0, logarithmic=True)
        if options.backbone == NO_BACKBONE:
            return (weights, wide)
        if options.text_training == "frozen" and not options.head.units:
            return (weights, wide, TunedOption("text_layers", choices=(2, 3, 4, 6)))
        return (
            weights,
            wide,
            TunedOption("training.learning_rate", low=2e-5, high=1e-2, logarithmic=True),
            TunedOption("training.label_smoothing", low=0.0, high=0.2),
            TunedOption("head.dropout", low=0.0, high=0.5),
        )

    @override
    def training_nodes(self, parts: SharedParts, options: ClassificationConfig) -> Trained:
        from tfx_pipeline.tasks.classification import nodes

        return nodes.training_nodes(self, parts, options)

    @override
    def judging_nodes(
        self, parts: SharedParts, options: ClassificationConfig, trained: Trained, models: Mapping[str, "BaseChannel"]
    ) -> Sequence["BaseNode"]:
        from tfx_pipeline.tasks.classification import nodes

        return nodes.judging_nodes(self, parts, options, trained)

    @override
    def commands(self) -> "typer.Typer":
        from tfx_pipeline.tasks.classification import commands

        return commands.app

    @override
    def demonstrate(self, client: "Shelfwise", root: Path) -> None:
        from tfx_pipeline.tasks.classification.demo import demonstrate

        demonstrate(client)
