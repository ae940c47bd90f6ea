"""Whether an update has forgotten: the test users of the run that it starts from, asked about once more."""

from typing import Any, NamedTuple

import numpy as np

from components.gate.decision import decide
from components.gate.judgement import JudgedBy, Judgement
from components.recommendation.judging.gate_options import RecommendationGateOptions
from components.recommendation.judging.summary import UserSummary
from trainer.artifacts.catalogue import load_catalogue
from trainer.recommendation.judged_users import JudgedUsers

_JUDGED_BY = JudgedBy("earlier user", "users of the earlier test period", "the earlier test period has none left")


class Forgotten(NamedTuple):
    """What became of the earlier test.

    Attributes:
        refusals: Why the update is refused, a sentence a reason.
        notes: What fell short and is no reason to refuse.
        details: Metrics of both models, and their differences.
    """

    refusals: list[str]
    notes: list[str]
    details: dict[str, Any]


class EarlierCatalogue:
    """Translates users of an earlier catalogue into those of another; products that are gone leave them.

    Args:
        earlier_uri: The catalogue that the users were written with.
        uri: The other catalogue.
    """

    def __init__(self, earlier_uri: str, uri: str) -> None:
        self._earlier_uri, self._uri = earlier_uri, uri

    def translator(self) -> "Translator":
        """Reads both catalogues."""
        before, now = (
            load_catalogue(uri, ["product_id"])["product_id"].to_pylist() for uri in (self._earlier_uri, self._uri)
        )
        place = {product_id: row for row, product_id in enumerate(now)}
        return Translator(np.array([place.get(product_id, -1) for product_id in before], np.int32))


class Translator:
    """Gives products the indices that they have now.

    Args:
        places: int32 `(earlier products,)`; the index of each now, -1 for one that is gone.
    """

    def __init__(self, places: np.ndarray) -> None:
        self._places = places

    def translate(self, users: JudgedUsers) -> JudgedUsers:
        """Returns the users who still have a target, with what is left of their histories and targets."""
        history, targets = self._places[users.history_index], self._places[users.target_index]
        translated = users.keep_products(history, targets)
        return translated.chosen(np.diff(translated.target_offsets) > 0)


def judge_forgetting(summary: UserSummary, options: RecommendationGateOptions) -> Forgotten:
    """Compares the model with the last blessed one, by the gate's rule for that, over the earlier test users."""
    judgement = Judgement.of(summary, [], _JUDGED_BY, with_last_blessed=True)
    details = {
        "users": summary.counts(),
        "metrics": judgement.metrics,
        "last_blessed": judgement.last_blessed,
        "differences": judgement.last_blessed_differences,
    }
    if not summary.counts()["test"]:
        return Forgotten([], ["No user of the earlier test period has a product that is still there."], details)
    rules = options.model_copy(update={"baselines": (), "baseline_margins": {}, "thresholds": {}})
    decision = decide(judgement, rules)
    return Forgotten(decision.refused_because, decision.notes, details)
