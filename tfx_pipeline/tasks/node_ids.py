"""Names of each task's nodes, as they stand in ML Metadata, on the terminal and in summary.json; loads no TFX."""

from typing import NamedTuple


class RecommendationNodes(NamedTuple):
    """Of the task recommendation."""

    examples: str = "RecommendationExamples"
    rules: str = "BasketRules"
    trainer: str = "RecommendationTrainer"
    ranker: str = "RecommendationRanker"
    indexer: str = "RecommendationIndex"
    evaluator: str = "RecommendationEvaluator"
    serving_validator: str = "RecommendationServingValidator"
    pusher: str = "RecommendationPusher"

    @property
    def exporter(self) -> str:
        """The node whose model is served."""
        return self.indexer


class SearchNodes(NamedTuple):
    """Of the task search."""

    examples: str = "SearchExamples"
    trainer: str = "SearchTrainer"
    indexer: str = "SearchIndex"
    evaluator: str = "SearchEvaluator"
    serving_validator: str = "SearchServingValidator"
    pusher: str = "SearchPusher"

    @property
    def exporter(self) -> str:
        """The node whose model is served."""
        return self.indexer


class ClassificationNodes(NamedTuple):
    """Of the task classification."""

    examples: str = "ClassificationExamples"
    trainer: str = "ClassificationTrainer"
    evaluator: str = "ClassificationEvaluator"
    serving_validator: str = "ClassificationServingValidator"
    pusher: str = "ClassificationPusher"

    @property
    def exporter(self) -> str:
        """The node whose model is served."""
        return self.trainer


class SegmentationNodes(NamedTuple):
    """Of the task segmentation."""

    examples: str = "SegmentationExamples"
    trainer: str = "SegmentationTrainer"
    evaluator: str = "SegmentationEvaluator"
    serving_validator: str = "SegmentationServingValidator"
    pusher: str = "SegmentationPusher"
    segments: str = "UserSegments"

    @property
    def exporter(self) -> str:
        """The node whose model is served."""
        return self.trainer
