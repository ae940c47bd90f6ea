"""How likely a place of an answer is looked at, learned from what was shown and clicked; plain NumPy."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Places from this one on are one place.
MOST_POSITIONS = 50
# Places are told apart by what moves between them, which takes expectation maximisation hundreds of steps.
_ITERATIONS = 1000
_CLOSE_ENOUGH = 1e-5
# Each product of a query has been looked at that much more often than it was, and attracts so often as all do. It
# keeps what was hardly looked at from the ends of the scale, and no more.
_PRIOR = 0.1
# No place is looked at less often than that: what stands there would weigh without bounds.
_LEAST = 0.01


def learn_positions(pair: IntArray, position: IntArray, shown: FloatArray, clicked: FloatArray) -> FloatArray:
    """Learns how likely each place is looked at, by the position-based model.

    A product is clicked if its place is looked at, which depends on the place, and if it attracts, which depends on the
    product and the query. Both are estimated by expectation maximisation (Chuklin, Markov and de Rijke, "Click models
    for web search", 2015; Wang et al., "Position bias estimation for unbiased learning to rank in personal search",
    WSDM 2018). It needs no experiment, but products that were seen at several places for the same query.

    Args:
        pair: int64 `(rows,)`: number of the query and product.
        position: int64 `(rows,)`, from 0 on.
        shown: float64 `(rows,)`: how often the pair was shown there.
        clicked: float64 `(rows,)`: how often it was clicked there.

    Returns:
        float64 `(MOST_POSITIONS,)`: 1 for the place that is looked at most; a place at which nothing was shown is as
        the one before it.
    """
    position = np.minimum(position, MOST_POSITIONS - 1)
    pairs = int(pair.max(initial=-1)) + 1
    looked_at = np.full(MOST_POSITIONS, 0.5)
    of_pair = np.bincount(pair, shown, minlength=pairs)
    attracts = np.full(pairs, clicked.sum() / max((shown * looked_at[position]).sum(), 1e-9))
    at_position = np.bincount(position, shown, minlength=MOST_POSITIONS)
    for _ in range(_ITERATIONS):
        seen, liked = looked_at[position], attracts[pair]
        # Of what was not clicked: it was looked at and did not attract, or it would have attracted.
        no_click = (shown - clicked) / np.maximum(1.0 - seen * liked, 1e-9)
        examined = np.bincount(position, clicked + no_click * seen * (1.0 - liked), minlength=MOST_POSITIONS)
        attracted = np.bincount(pair, clicked + no_click * liked * (1.0 - seen), minlength=pairs)
        before = looked_at
        looked_at = np.divide(examined, at_position, out=before.copy(), where=at_position > 0)
        attracts = (attracted + _PRIOR * attracted.sum() / max(of_pair.sum(), 1e-9)) / (of_pair + _PRIOR)
        if np.abs(looked_at - before).max() < _CLOSE_ENOUGH:
            break
    return _filled(looked_at, at_position > 0)


def relevance_of_pairs(
    pair: IntArray, position: IntArray, shown: FloatArray, clicked: FloatArray, looked_at: FloatArray
) -> FloatArray:
    """Returns the share of the times a pair was looked at in which it was clicked, float64 `(pairs,)`.

    Clicks divided by how often the places are looked at: inverse propensity weights that are normalised (Joachims,
    Swaminathan and Schnabel, "Unbiased learning-to-rank with biased feedback", WSDM 2017). A pair that was hardly
    looked at is near to the mean.

    Args:
        pair: As for `learn_positions`.
        position: Likewise.
        shown: Likewise.
        clicked: Likewise.
        looked_at: What that returned; ones do not correct.
    """
    pairs = int(pair.max(initial=-1)) + 1
    examined = np.bincount(pair, shown * looked_at[np.minimum(position, MOST_POSITIONS - 1)], minlength=pairs)
    clicks = np.bincount(pair, clicked, minlength=pairs)
    mean = clicks.sum() / max(examined.sum(), 1e-9)
    rates: FloatArray = np.minimum((clicks + _PRIOR * mean) / (examined + _PRIOR), 1.0)
    return rates


def _filled(looked_at: FloatArray, known: npt.NDArray[np.bool_]) -> FloatArray:
    if not known.any():
        return np.ones(MOST_POSITIONS)
    latest = np.maximum.accumulate(np.where(known, np.arange(MOST_POSITIONS), -1))
    filled = looked_at[np.where(latest >= 0, latest, int(np.flatnonzero(known)[0]))]
    scaled: FloatArray = np.maximum(filled / filled.max(), _LEAST)
    return scaled
