"""The ranker's model: a small network from a candidate's features to its score."""

from collections.abc import Sequence
from typing import Any

import keras

from serving.recommendation.ranking_features import TOWER_FEATURES

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
        tower_features: Whether the towers' features are read; without them it is known what they add.
    """

    def __init__(self, *, units: int, tower_features: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.tower_features = tower_features
        self.normalization = keras.layers.Normalization(name="normalization")
        self.hidden = [
            keras.layers.Dense(units, activation="gelu", name="hidden_0"),
            keras.layers.Dense(units // 2, activation="gelu", name="hidden_1"),
        ]
        self.score = keras.layers.Dense(1, dtype="float32", name="score")

    def build(self, input_shape: Sequence[int | None]) -> None:
        width = int(input_shape[-1] or 0) - (0 if self.tower_features else TOWER_FEATURES)
        self.normalization.build((None, width))
        for layer in self.hidden:
            layer.build((None, None, width))
            width = layer.units
        self.score.build((None, None, width))
        self.built = True

    def call(self, features: Any) -> Any:
        values = self.normalization(self.read(keras.ops.cast(features, "float32")))
        # What is nearly always 0, as a rule's confidence, is many deviations away where it is not.
        values = keras.ops.clip(values, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        for layer in self.hidden:
            values = layer(values)
        return self.score(values)[..., 0]

    def read(self, features: Any) -> Any:
        """Leaves out the features that this model does not read."""
        return features if self.tower_features else features[..., :-TOWER_FEATURES]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "tower_features": self.tower_features}
