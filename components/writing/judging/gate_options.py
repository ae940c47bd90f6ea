"""Options of the writing evaluator and its gate; plain models that the configuration can import without TFX."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.gate.rules import GateRules, Margin
from trainer.writing.options import TextKindOptions

CHECKED, COVERAGE, CHRF = "checked", "coverage", "chrf"
Baseline = Literal["template"]
TEMPLATE: Baseline = "template"


def _known_metric(name: str) -> str:
    if name not in (CHECKED, COVERAGE, CHRF):
        raise ValueError(f"`{name}` is not a metric of texts: use {CHECKED}, {COVERAGE} or {CHRF}")
    return name


class WritingGateOptions(GateRules):
    """What a model of texts must reach to be blessed: the rules of `GateRules`, over the test texts.

    Texts stand where the rules speak of users. A model is also refused where a text that it gives out says what its
    facts do not.

    Attributes:
        thresholds: Least value of `checked` (the share of the language model's texts that pass), `coverage` (the share
            of the facts' words that a text has) or `chrf` (how like the shop's own texts they are, 0 to 1).
        baselines: What the model is compared with: what is said where no text passes.
        baseline_margins: Metrics compared with it, with the allowed shortfall as a share.
        last_blessed_metric: Metric compared with the last blessed model.
    """

    thresholds: dict[Annotated[str, AfterValidator(_known_metric)], float] = Field(default={})
    baselines: tuple[Baseline, ...] = (TEMPLATE,)
    baseline_margins: dict[Annotated[str, AfterValidator(_known_metric)], Margin] = Field(default={})
    last_blessed_metric: Annotated[str, AfterValidator(_known_metric)] = COVERAGE


class WritingEvaluatorOptions(WritingGateOptions):
    """What WritingEvaluator reads.

    Attributes:
        kinds: The kinds of text, with their templates.
    """

    kinds: dict[str, TextKindOptions]
