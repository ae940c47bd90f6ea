"""SegmentationEvaluator: judges a served segmentation beside its baselines, by segment and by slice, and blesses it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from typing_extensions import override

from components.gate.judgement import JudgedBy
from components.labels.evaluator import LabelEvaluator, LabelEvaluatorExecutor
from components.labels.judging import Ask, Baseline, LabelJudging
from components.segmentation.judging.baselines import carried_forward, fit_gradient_boosting, gradient_boosting
from components.segmentation.judging.gate_options import SegmentationGateOptions
from components.segmentation.judging.signatures import served_segments
from components.segmentation.judging.slices import HISTORY_LENGTH, history_length
from trainer.artifacts.names import ATTRIBUTE_PREFIX

CARRIED_FORWARD, GRADIENT_BOOSTING = "carried_forward", "gradient_boosting"


class HistoryJudging(LabelJudging):
    """Segmentations are asked about histories, beside the last tier carried forward and gradient boosting."""

    options = SegmentationGateOptions
    judged_by = JudgedBy("user", "users", "the test split is empty")
    beside = GRADIENT_BOOSTING
    attribute_prefix = ATTRIBUTE_PREFIX

    @override
    def evaluated(self, path: str, labels: Sequence[str]) -> Ask:
        return served_segments(path, labels)

    @override
    def served(self, path: str, labels: Sequence[str]) -> Ask:
        return served_segments(path, labels)

    @override
    def baselines(self, facts: Mapping[str, Any]) -> dict[str, Baseline]:
        boosting = {GRADIENT_BOOSTING: Baseline(fit_gradient_boosting, gradient_boosting)}
        # Of segments that are given no last one is known.
        return boosting if facts["given"] else {CARRIED_FORWARD: Baseline(_fit_nothing, _carried_forward), **boosting}

    @override
    def built_in_slices(self, features: Mapping[str, Any]) -> dict[str, str]:
        return {HISTORY_LENGTH: history_length(len(features["history_ids"].bytes_list.value))}

    @override
    def counted(self, examples: int) -> dict[str, Any]:
        return {self.judged_by.many: {"test": examples}}


class SegmentationEvaluatorExecutor(LabelEvaluatorExecutor):
    """Judges a segmentation; `users-*.parquet` has one row a test user, without the user's id."""

    judging = HistoryJudging()


class SegmentationEvaluator(LabelEvaluator):
    """Judges a segmentation on the test split, as it is served."""

    EXECUTOR_SPEC = BeamExecutorSpec(SegmentationEvaluatorExecutor)


def _fit_nothing(records: Sequence[bytes]) -> None:
    del records


def _carried_forward(learned: None, records: Sequence[bytes], labels: int) -> Any:
    del learned
    return carried_forward(records, labels)
