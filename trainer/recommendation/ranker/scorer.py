"""The ranker's model: small networks from a candidate's features to its score."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

_MOST_DEVIATIONS = 4.0


@keras.saving.register_keras_serializable(package="shelfwise")
class RankerScorer(keras.Model):
    """Scores candidates, each by its own features: standardised and cut at four deviations, then two hidden layers.

    Several networks learn the same from different beginnings, each by its own loss, and their mean is the score: what
    one learns of some thousand baskets depends on where it began (Lakshminarayanan et al., "Simple and scalable
    predictive uncertainty estimation using deep ensembles", NeurIPS 2017).

    Call arguments:
        features: float `(batch, candidates, features)`, as `serving.recommendation.ranking_features.RankingFeatures`
            makes them.
        training: Whether each network's own scores are wanted.

    Returns:
        float32 `(batch, candidates)`; in training `(batch, candidates, networks)`.

    Args:
        units: Width of the first hidden layer of each network; the second has half of it.
        features: Names of the features, in their order.
        unread: Names of those that are not read; without those of the towers it is known what these add.
        networks: How many there are.
    """

    def __init__(
        self, *, units: int, features: Sequence[str], unread: Sequence[str] = (), networks: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.networks = units, networks
        self.features, self.unread = tuple(features), tuple(unread)
        self._places = tuple(place for place, name in enumerate(self.features) if name not in self.unread)
        self.normalization = keras.layers.Normalization(name="normalization")
        self.layers_of = [
            [
                keras.layers.Dense(units, activation="gelu", name=f"hidden_0_{network}"),
                keras.layers.Dense(units // 2, activation="gelu", name=f"hidden_1_{network}"),
                keras.layers.Dense(1, dtype="float32", name=f"score_{network}"),
            ]
            for network in range(networks)
        ]

    def build(self, input_shape: Sequence[int | None]) -> None:
        self.normalization.build((None, len(self._places)))
        for layers in self.layers_of:
            width = len(self._places)
            for layer in layers:
                layer.build((None, None, width))
                width = layer.units
        self.built = True

    def call(self, features: Any, training: bool = False) -> Any:
        values = self.normalization(self._read(keras.ops.cast(features, "float32")))
        # What is nearly always 0, as a rule's confidence, is many deviations away where it is not.
        values = keras.ops.clip(values, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        scores = keras.ops.concatenate([_through(layers, values) for layers in self.layers_of], axis=-1)
        return scores if training else keras.ops.mean(scores, axis=-1)

    def adapt(self, features: npt.NDArray[np.float32]) -> None:
        """Learns the mean and the deviation of each feature from float32 `(candidates, features)`."""
        self.normalization.adapt(np.take(features, self._places, axis=-1) if self.unread else features)

    def _read(self, features: Any) -> Any:
        return keras.ops.take(features, self._places, axis=-1) if self.unread else features

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "features": self.features, "unread": self.unread, "networks": self.networks}
        return {**super().get_config(), **own}


def _through(layers: Sequence[Any], values: Any) -> Any:
    """Returns what the last layer makes of values."""
    for layer in layers:
        values = layer(values)
    return values
