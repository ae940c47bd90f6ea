"""What tasks have in common whose models give labels: the thresholds of slices, and pictures for the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.task import Task, TaskOptions
from trainer.classification.options import ReweightingOptions

if TYPE_CHECKING:
    from tfx_pipeline.figures.blocks import Figure

# Labels up to which a confusion matrix stands beside other pictures.
_MOST_LABELS_ASIDE = 12


class LabelTask(Task[TaskOptions]):
    """A task whose model gives labels.

    Attributes:
        sliced_table: The table whose configured columns the evaluation is sliced by.
    """

    sliced_table: ClassVar[str]
    headline = ("f1_macro", "accuracy", "auc", "calibration_error")
    drawn = ("f1_macro",)

    @override
    def update_outputs(self) -> tuple[str, ...]:
        return (f"{self.node_id('Trainer')}.model",)

    def check_slices(self, shop: ShopOptions, gate: Any) -> None:
        """Refuses thresholds of slices that no column makes.

        Args:
            shop: Names the columns.
            gate: The task's gate options.

        Raises:
            ValueError: A threshold is of such a slice.
        """
        given = getattr(shop.tables, self.sliced_table) is not None
        own = getattr(shop.features, self.sliced_table).categorical if given else ()
        unknown = gate.unknown_slice(own)
        if unknown:
            raise ValueError(
                f"`tasks.{self.name}.gate.slice_thresholds` {unknown}; "
                f"`features.{self.sliced_table}.categorical` adds others"
            )

    def check_reweighting(self, shop: ShopOptions, reweighting: ReweightingOptions | None) -> None:
        """Refuses groups by a column that the examples do not keep.

        Args:
            shop: Names the columns.
            reweighting: Whose groups are to count alike; None for nobody's.

        Raises:
            ValueError: It is none of them.
        """
        own = getattr(shop.features, self.sliced_table).categorical
        if reweighting is not None and reweighting.column not in own:
            raise ValueError(
                f"`tasks.{self.name}.reweighting.column` is `{reweighting.column}`; it should be one of "
                f"`features.{self.sliced_table}.categorical`, which has {', '.join(own) or 'none'}"
            )

    @override
    def report_figures(self, summary: TaskSummary, root: Path | None) -> list["Figure"]:
        from tfx_pipeline.figures.blocks import Figure
        from tfx_pipeline.figures.charts import calibration_chart, confusion_chart

        confusion: Mapping[str, Any] | None = summary.detail("confusion")
        if confusion is None:
            return []
        what, labels = self.counted.capitalize(), confusion["labels"]
        spread = len(labels) > _MOST_LABELS_ASIDE
        figures = [Figure(f"{what} by true and given label.", confusion_chart(labels, confusion["counts"]), spread)]
        calibration: Sequence[Mapping[str, float]] | None = summary.detail("calibration")
        if calibration:
            caption = (
                f"{what} by the probability of the best label, and how often it is right; on the line is calibrated."
            )
            figures.append(Figure(caption, calibration_chart(calibration)))
        return figures
