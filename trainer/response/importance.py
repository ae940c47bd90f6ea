"""What matters to a trained response model, by what its features are about."""

import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from trainer.metrics.permutation import Arrays, Part, drawn_rows, permutation_importance
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.measures import normalised_entropy
from trainer.response.network import ResponseNetwork

MOST_IMPRESSIONS = 5_000
_ITEM = "which offer or product it is"
_TEXTS = "what the user has and what is shown, in words"
# What the numbers of `serving.response.features.ResponseFeatures` are about; all others stand alone.
_ABOUT = (
    (r"offer_products_.*|days_since_offer_product|likeness_to_history", "whether the user has what is shown"),
    (r"offer_products", "how many products it is about"),
    (r"offer_days", "how long it holds"),
    (r"offer_(?:shown|.*_rate)", "how others responded to it"),
    (r"(?:shown|past_).*|days_since_(?:shown|{outcomes})", "how the user responded before"),
    (r".*_\d+_days|days_since_event", "what the user did lately"),
)


def response_importance(
    network: ResponseNetwork, names: FeatureNames, asked: FeatureTable, seed: int
) -> dict[str, Any] | None:
    """Shuffles features among impressions, and measures the explained entropy of the first outcome.

    Args:
        network: The trained network.
        names: What its features are.
        asked: Impressions that it has not learned from.
        seed: Of the order, and of which impressions are asked about.

    Returns:
        As `trainer.metrics.permutation.permutation_importance`, with `examples`: how many impressions. None
        where all of them had the same outcome.
    """
    asked = asked.rows(drawn_rows(len(asked), MOST_IMPRESSIONS, seed))
    happened = asked.outcomes[:, 0]
    if not 0.0 < happened.sum() < len(asked):
        return None

    ask = tf.function(network.probabilities, reduce_retracing=True)

    def measure(changed: Arrays) -> float:
        found = ask({name: tf.constant(values) for name, values in changed.items()})
        return 1.0 - normalised_entropy(found.numpy()[:, 0], happened)

    found = permutation_importance(
        asked.inputs(), parts_of(names, asked.vectors.shape[1]), measure, metric="explained_entropy", seed=seed
    )
    return {**found, "examples": len(asked)}


def parts_of(names: FeatureNames, vector_width: int) -> dict[str, Part]:
    """Returns what features belong to, by what is said of it."""
    about = [part_of_number(name, names.outcomes) for name in names.numbers]
    parts: dict[str, Part] = {
        part: {"numbers": [place for place, each in enumerate(about) if each == part]} for part in dict.fromkeys(about)
    }
    for place, name in enumerate(names.categories):
        # A column may be a number and a category.
        parts[name] = {**parts.get(name, {}), "categories": [place]}
    if vector_width:
        parts[_TEXTS] = {"vectors": None}
    return {**parts, _ITEM: {"item": None}}


def part_of_number(name: str, outcomes: Sequence[str]) -> str:
    """Returns what a number is about; itself where it is a column of the shop's own."""
    alternatives = "|".join(map(re.escape, outcomes))
    for pattern, about in _ABOUT:
        if re.fullmatch(pattern.replace("{outcomes}", alternatives), name):
            return about
    return name
