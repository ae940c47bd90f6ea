"""The options of each task, and which tasks a run has."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from components.classification.examples_options import TextSplitOptions
from components.classification.gate_options import ClassificationGateOptions
from components.gate.rules import GateOptions
from components.recommendation.examples.options import SplitOptions
from components.rules.options import RulesOptions
from components.search.examples.options import QueryOptions
from components.search.judging.gate_options import SearchGateOptions
from components.segmentation.examples.options import SegmentOptions
from components.segmentation.judging.gate_options import SegmentationGateOptions
from trainer.classification.options import AugmentationOptions, ClassifierTrainingOptions, HeadOptions
from trainer.clusters.options import ClusterOptions
from trainer.options import Options, RankerOptions, ServingOptions, TowerOptions, TrainingOptions
from trainer.pretraining.options import SCRATCH, PretrainingOptions
from trainer.search.options import SearchServingOptions, SearchTrainingOptions
from trainer.segmentation.options import SegmentHeadOptions, SegmentTrainingOptions

# Of masked-language modelling, where a BERT starts from nothing.
_SCRATCH_STEPS = 2_000

TASK_NAMES = ("recommendation", "search", "classification", "segmentation")


def off_is_none(value: Any) -> Any:
    """Reads YAML's `off`, which is False, as None."""
    return None if value is False else value


class RecommendationConfig(Options):
    """The task `recommendation`.

    Attributes:
        split: What is trained on, validated on and tested on.
        event_types: Weight of each event type as something to predict; 0 keeps it as history only.
        bought_event_type: The type that makes a product one that the user has bought.
        min_product_events: Events a product needs before the test period to enter the catalogue.
        towers: The shape of the two towers.
        training: How they are trained.
        ranker: Orders what the towers, the user's own products and popularity propose; `off` answers with the towers.
        rules: Which products are bought together, and how that is mined; `off` mines nothing.
        serving: Sizes of the served model.
        gate: What a model must reach to be blessed.
    """

    split: SplitOptions = SplitOptions()
    event_types: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default={"view": 1.0, "cart": 1.0, "purchase": 1.0}, min_length=1
    )
    bought_event_type: str = "purchase"
    min_product_events: int = Field(1, ge=0)
    towers: TowerOptions = TowerOptions()
    training: TrainingOptions = TrainingOptions()
    ranker: Annotated[RankerOptions | None, BeforeValidator(off_is_none)] = RankerOptions()
    rules: Annotated[RulesOptions | None, BeforeValidator(off_is_none)] = RulesOptions()
    serving: ServingOptions = ServingOptions()
    gate: GateOptions = GateOptions()


class SearchConfig(Options):
    """The task `search`.

    Attributes:
        queries: Where queries with relevant products come from, and how they are split.
        text_training: `frozen`, `lora` or `full`; as `text.training` says where it is left out.
        training: How the encoder, or what stands on top of it, is trained.
        serving: What the served model is made of.
        clusters: How results are grouped.
        gate: What a model must reach to be blessed.
    """

    queries: QueryOptions = QueryOptions()
    text_training: Literal["frozen", "lora", "full"] | None = None
    training: SearchTrainingOptions = SearchTrainingOptions()
    serving: SearchServingOptions = SearchServingOptions()
    clusters: ClusterOptions = ClusterOptions()
    gate: SearchGateOptions = SearchGateOptions()


class ClassificationConfig(Options):
    """The task `classification`.

    Attributes:
        split: How labelled texts are split.
        backbone: As `text.backbone`, which it is where it is left out; or `scratch`, which learns a vocabulary and
            pretrains a small BERT on the training texts, for a shop without a fitting pretrained one.
        pretrain_steps: Batches of masked-language modelling on the training texts before the labels are learned; 0
            leaves it out. Where it is left out, 0 of a pretrained backbone and 2,000 of `scratch`.
        pretraining: How that is done, and the shape of the BERT of `scratch`.
        text_training: `frozen`, `lora` or `full`.
        sequence_length: Tokens a text is cut to.
        head: What stands on top of the text vector.
        training: How both are trained.
        augmentation: Changed copies of the training texts of rare labels.
        gate: What a model must reach to be blessed.
    """

    split: TextSplitOptions = TextSplitOptions()
    backbone: str | None = None
    pretrain_steps: Annotated[int, Field(ge=0)] | None = None
    pretraining: PretrainingOptions = PretrainingOptions()
    text_training: Literal["frozen", "lora", "full"] = "full"
    sequence_length: int = Field(default=128, ge=4, le=512)
    head: HeadOptions = HeadOptions()
    training: ClassifierTrainingOptions = ClassifierTrainingOptions()
    augmentation: AugmentationOptions = AugmentationOptions()
    gate: ClassificationGateOptions = ClassificationGateOptions()

    def masked_language_steps(self) -> int:
        """Returns the batches of masked-language modelling that come before the labels."""
        if self.pretrain_steps is None:
            return _SCRATCH_STEPS if self.backbone == SCRATCH else 0
        return self.pretrain_steps

    @model_validator(mode="after")
    def _learns_the_language_where_it_is_needed(self) -> "ClassificationConfig":
        if self.backbone == SCRATCH and self.masked_language_steps() == 0:
            raise ValueError("`pretrain_steps` is 0; a backbone from scratch knows nothing before it is pretrained")
        if self.augmentation.rewritten and self.masked_language_steps() == 0:
            raise ValueError("`augmentation.rewritten` needs a masked language model; set `pretrain_steps` too")
        return self


class SegmentationConfig(Options):
    """The task `segmentation`.

    Attributes:
        segments: What a segment is, and which moments it is learned and tested at.
        event_types: Names of the event types.
        bought_event_type: The type that costs money.
        history_length: Latest events of a history.
        areas: First levels of categories that spend is told apart by.
        text_training: `frozen`, `lora` or `full`.
        sequence_length: Tokens that the behaviour's text is cut to.
        head: What stands on top of the text vector and the numbers.
        training: How both are trained.
        gate: What a model must reach to be blessed.
    """

    segments: SegmentOptions = SegmentOptions()
    event_types: tuple[str, ...] = Field(default=("view", "cart", "purchase"), min_length=1)
    bought_event_type: str = "purchase"
    history_length: int = Field(default=512, ge=1)
    areas: int = Field(default=12, ge=0)
    text_training: Literal["frozen", "lora", "full"] = "frozen"
    sequence_length: int = Field(default=64, ge=4, le=512)
    head: SegmentHeadOptions = SegmentHeadOptions()
    training: SegmentTrainingOptions = SegmentTrainingOptions()
    gate: SegmentationGateOptions = SegmentationGateOptions()


class Tasks(Options):
    """The tasks to run; one that is absent is not run."""

    recommendation: Annotated[
        RecommendationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)
    search: Annotated[SearchConfig | None, BeforeValidator(lambda value: {} if value is None else value)] = Field(
        default=None, validate_default=False
    )
    classification: Annotated[
        ClassificationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)
    segmentation: Annotated[
        SegmentationConfig | None, BeforeValidator(lambda value: {} if value is None else value)
    ] = Field(default=None, validate_default=False)

    def requested(self) -> tuple[str, ...]:
        """Returns the names of the tasks that are configured, in pipeline order."""
        return tuple(name for name in TASK_NAMES if getattr(self, name) is not None)
