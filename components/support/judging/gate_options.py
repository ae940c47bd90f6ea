"""Options of the support evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.gate.rules import GateRules, Margin
from trainer.options import TextOptions

ACCURACY, MRR = "accuracy", "mrr"
ANSWERED, WRONG, INTENTS = "answered", "wrong", "intent_accuracy"
Baseline = Literal["bm25", "encoder"]
BM25: Baseline = "bm25"
ENCODER: Baseline = "encoder"


def _known_metric(name: str) -> str:
    if name not in (ACCURACY, MRR, ANSWERED, INTENTS):
        raise ValueError(f"`{name}` is not a metric of answers: use {ACCURACY}, {MRR}, {ANSWERED} or {INTENTS}")
    return name


def _compared_metric(name: str) -> str:
    if name not in (ACCURACY, MRR):
        raise ValueError(f"`{name}` is no metric of the baselines: use {ACCURACY} or {MRR}")
    return name


class SupportGateOptions(GateRules):
    """What a model of answers must reach to be blessed: the rules of `GateRules`, over the test questions.

    Questions stand where the rules speak of users. A model is also refused where more of what it answers is wrong than
    `tasks.support.answering.max_wrong` allows, and that cannot be chance.

    Attributes:
        thresholds: Least value of `accuracy` (the first answer is right), `mrr`, `answered` (the share that is not
            handed over) or `intent_accuracy`.
        baselines: What the model is compared with, over the answers' texts: words alone, by BM25, and the encoder as
            it is.
        baseline_margins: Metrics compared with the best of `baselines`, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
    """

    thresholds: dict[Annotated[str, AfterValidator(_known_metric)], float] = Field(default={})
    baselines: tuple[Baseline, ...] = (BM25, ENCODER)
    baseline_margins: dict[Annotated[str, AfterValidator(_compared_metric)], Margin] = Field(default={MRR: 0.02})
    last_blessed_metric: Annotated[str, AfterValidator(_compared_metric)] = MRR


class SupportEvaluatorOptions(SupportGateOptions):
    """What SupportEvaluator reads.

    Attributes:
        text: The encoder of the baseline.
        max_wrong: Share of what is answered that may be wrong.
    """

    text: TextOptions
    max_wrong: float = Field(gt=0.0, lt=1.0)
