"""The uplift network: one body, a head for the outcome and a head a treatment for what it adds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from trainer.artifacts.json_files import read_json, write_json
from trainer.artifacts.keras_files import load_keras, save_keras
from trainer.response.feature_table import FeatureTable
from trainer.response.fitting import asked, in_batches
from trainer.response.network import ResponseNetwork
from trainer.response.uplift.loss import UPLIFT_SCALE

_NETWORK_FILE, _TREATMENTS_FILE = "uplift.keras", "uplift.json"
_FACTS = ("treatments", "shares", "centres", "means", "slopes")


@dataclass(frozen=True, kw_only=True, eq=False)
class UpliftNetwork:
    """A `ResponseNetwork` whose outputs are the logit of the outcome and, divided by ten, what each treatment adds.

    Uplift is linear on the scale of probabilities. What a treatment adds to a rare outcome and to a frequent one is
    often the same share of customers; heads that add to logits would rank the frequent ones first.

    Attributes:
        network: The network, with an output a treatment; the first is that of the outcome.
        treatments: Their names; the first is the control.
        shares: The share of the impressions that got each of them.
        centres: What the network says of each treatment but the control, on average.
        means: What each of them adds on average.
        slopes: What the distance from the centre is multiplied by; see `fit_slope`.
    """

    network: ResponseNetwork
    treatments: tuple[str, ...]
    shares: tuple[float, ...]
    centres: tuple[float, ...]
    means: tuple[float, ...]
    slopes: tuple[float, ...]

    def added(self, features: Mapping[str, Any]) -> Any:
        """Returns what each treatment but the control adds to the probability, float32 `(batch, treatments - 1)`."""
        return self._calibrated(self.network(features))

    def expected(self, features: Mapping[str, Any]) -> Any:
        """Returns the probability of the outcome under each treatment, float32 `(batch, treatments)`."""
        found = self.network(features)
        added = keras.ops.concatenate([keras.ops.zeros_like(found[:, :1]), self._calibrated(found)], axis=1)
        # The outcome's head is about the treatments as they were given.
        mean = keras.ops.sum(added * keras.ops.convert_to_tensor(self.shares, "float32"), axis=1, keepdims=True)
        return keras.ops.clip(keras.ops.sigmoid(found[:, :1]) - mean + added, 0.0, 1.0)

    def expected_of(self, table: FeatureTable) -> Any:
        """Returns `expected` of the rows of a table, as a NumPy array."""
        return in_batches(asked(self.expected), table)

    def _calibrated(self, outputs: Any) -> Any:
        """Returns the uplifts, float32 `(batch, treatments - 1)`, from what the network puts out."""
        centres, means, slopes = (
            keras.ops.convert_to_tensor([each], "float32") for each in (self.centres, self.means, self.slopes)
        )
        return means + slopes * (UPLIFT_SCALE * outputs[:, 1:] - centres)


def save_uplift(uplift: UpliftNetwork, uri: str) -> None:
    """Writes a network into a folder, on any filesystem that TensorFlow writes."""
    save_keras(uplift.network, os.path.join(uri, _NETWORK_FILE))
    facts = {name: getattr(uplift, name) for name in _FACTS}
    write_json(os.path.join(uri, _TREATMENTS_FILE), facts)


def load_uplift(uri: str) -> UpliftNetwork | None:
    """Reads what `save_uplift` wrote; None where the model of a folder learned from no treatments."""
    network = load_keras(os.path.join(uri, _NETWORK_FILE), optional=True)
    if network is None:
        return None
    facts = read_json(os.path.join(uri, _TREATMENTS_FILE))
    return UpliftNetwork(network=network, **{name: tuple(facts[name]) for name in _FACTS})
