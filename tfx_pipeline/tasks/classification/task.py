"""The task classification: labelled texts in, a classifier of texts out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from serving.model_names import CLASSIFICATION_MODEL
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.classification.config import ClassificationConfig
from tfx_pipeline.tasks.label_task import LabelTask
from tfx_pipeline.tasks.task import SharedParts, Trained
from trainer.pretraining.options import SCRATCH

if TYPE_CHECKING:
    import typer
    from tfx.dsl.components.base.base_node import BaseNode
    from tfx.types.channel import BaseChannel

    from serving.client import Shelfwise


class ClassificationTask(LabelTask[ClassificationConfig]):
    """Gives texts labels."""

    name = CLASSIFICATION_MODEL
    options_class = ClassificationConfig
    checks_fn = "components.checks.classification.failed_checks"
    tables = frozenset({"texts"})
    counted = "texts"
    sliced_table = "texts"
    client_methods = ("classify", "explain_classification")

    @override
    def check(self, shop: ShopOptions, options: ClassificationConfig) -> None:
        shop.needs_table("texts", "the task classification learns from labelled texts")
        shop.text_for("the task classification needs its backbone")
        self.check_slices(shop, options.gate)

    @override
    def backbones(self, shop: ShopOptions, options: ClassificationConfig) -> dict[str, str]:
        if options.backbone is None:
            return shop.text_backbone()
        return {} if options.backbone == SCRATCH else {"tasks.classification.backbone": options.backbone}

    @override
    def extra_columns(self, table: str, options: ClassificationConfig) -> tuple[str, ...]:
        split_column = options.split.split_column
        return (split_column,) if table == "texts" and split_column else ()

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
