"""One place of an answer is given to chance now and then, so that the log can say what the model does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfx_pipeline.gateway.api.users import Offer

# The model says how probable a response is, and not how sure that is. It is taken for as sure as so many impressions
# would make it, and as many more as the gateway has shown of the offer.
_SURE_IMPRESSIONS = 20.0
_DRAWS = 500
_LEAST = 1e-6
# Beyond the places of an answer: those that may take the last one.
MORE_CANDIDATES = 20


@dataclass(frozen=True)
class Explored:
    """An answer of which chance may have chosen the last place.

    Attributes:
        offers: The answer.
        place: Place, from 1, that chance chose; 0 where the model did.
        propensities: How probable it was that each offer was shown at its place; None where chance had no hand in it.
    """

    offers: list[Offer]
    place: int
    propensities: list[float | None]


def explore(
    ranked: Sequence[Offer], k: int, share: float, shown: Mapping[str, int], random: np.random.Generator
) -> Explored:
    """Gives the last place of an answer by Thompson sampling, in a share of the answers.

    The chance of a response to each candidate is drawn some hundred times from a Beta distribution around what the
    model says. How often a candidate was the best is the chance with which it then is chosen. So the propensity that is
    logged is the very one by which it was drawn, and not an estimate: W. Thompson, "On the likelihood that one unknown
    probability exceeds another", Biometrika 1933.

    Args:
        ranked: The model's offers, the best first: those of the answer, and more that may take its last place.
        k: Places of the answer.
        share: Share of the answers.
        shown: How often each offer was shown.
        random: Where chance comes from.
    """
    if len(ranked) < k or k < 1:
        return Explored(list(ranked), 0, [None] * len(ranked))
    kept, candidates = list(ranked[: k - 1]), ranked[k - 1 :]
    chances = best_chances(candidates, shown, random)
    exploring = bool(random.random() < share)
    chosen = int(random.choice(len(candidates), p=chances)) if exploring else 0
    # The model's own choice comes either way.
    propensity = share * float(chances[chosen]) + (1.0 - share if chosen == 0 else 0.0)
    return Explored([*kept, candidates[chosen]], k if exploring else 0, [*[None] * (k - 1), propensity])


def best_chances(candidates: Sequence[Offer], shown: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
    """Returns in which share of some hundred draws each candidate was the best, float64 `(candidates,)`."""
    means = np.clip([each.probability for each in candidates], _LEAST, 1.0 - _LEAST)
    sure = _SURE_IMPRESSIONS + np.array([shown.get(each.offer_id, 0) for each in candidates])
    draws = random.beta(means * sure, (1.0 - means) * sure, size=(_DRAWS, len(candidates)))
    return np.bincount(draws.argmax(axis=1), minlength=len(candidates)) / _DRAWS
