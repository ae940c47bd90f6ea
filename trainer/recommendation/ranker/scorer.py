"""The ranker's model: a small network from a candidate's features to its score."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

_MOST_DEVIATIONS = 4.0


@keras.saving.register_keras_serializable(package="shelfwise")
class RankerScorer(keras.Model):
    """Scores candidates, each by its own features: standardised and cut at four deviations, then two hidden layers.

    Call arguments:
        features: float `(batch, candidates, features)`, as `serving.recommendation.ranking_features.RankingFeatures`
            makes them.

    Returns:
        float32 `(batch, candidates)`.

    Args:
        units: Width of the first hidden layer; the second has half of it.
        features: Names of the features, in their order.
        unread: Names of those that are not read; without those of the towers it is known what these add.
    """

    def __init__(self, *, units: int, features: Sequence[str], unread: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.features, self.unread = tuple(features), tuple(unread)
        self._places = tuple(place for place, name in enumerate(self.features) if name not in self.unread)
        self.normalization = keras.layers.Normalization(name="normalization")
        self.hidden = [
            keras.layers.Dense(units, activation="gelu", name="hidden_0"),
            keras.layers.Dense(units // 2, activation="gelu", name="hidden_1"),
        ]
        self.score = keras.layers.Dense(1, dtype="float32", name="score")

    def build(self, input_shape: Sequence[int | None]) -> None:
        width = len(self._places)
        self.normalization.build((None, width))
        for layer in self.hidden:
            layer.build((None, None, width))
            width = layer.units
        self.score.build((None, None, width))
        self.built = True

    def call(self, features: Any) -> Any:
        values = self.normalization(self._read(keras.ops.cast(features, "float32")))
        # What is nearly always 0, as a rule's confidence, is many deviations away where it is not.
        values = keras.ops.clip(values, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        for layer in self.hidden:
            values = layer(values)
        return self.score(values)[..., 0]

    def adapt(self, features: npt.NDArray[np.float32]) -> None:
        """Learns the mean and the deviation of each feature from float32 `(candidates, features)`."""
        self.normalization.adapt(np.take(features, self._places, axis=-1) if self.unread else features)

    def _read(self, features: Any) -> Any:
        return keras.ops.take(features, self._places, axis=-1) if self.unread else features

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "features": self.features, "unread": self.unread}
