"""The ranker's model: a small network from a candidate's features to its score."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

# Features that a scorer can leave out; two each, the last ones. See serving.ranking_features.
Source = Literal["rules", "towers"]
_FEATURES_OF_A_SOURCE = 2
_MOST_DEVIATIONS = 4.0


@keras.saving.register_keras_serializable(package="shelfwise")
class RankerScorer(keras.Model):
    """Scores candidates, each by its own features: standardised and cut at four deviations, then two hidden layers.

    Call arguments:
        features: float `(batch, candidates, features)`, as `serving.ranking_features.RankingFeatures` makes them.

    Returns:
        float32 `(batch, candidates)`.

    Args:
        units: Width of the first hidden layer; the second has half of it.
        left_out: Sources whose features are not read; without them it is known what they add.
    """

    def __init__(self, *, units: int, left_out: Sequence[Source] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.left_out = tuple(left_out)
        self.normalization = keras.layers.Normalization(name="normalization")
        self.hidden = [
            keras.layers.Dense(units, activation="gelu", name="hidden_0"),
            keras.layers.Dense(units // 2, activation="gelu", name="hidden_1"),
        ]
        self.score = keras.layers.Dense(1, dtype="float32", name="score")

    def build(self, input_shape: Sequence[int | None]) -> None:
        width = int(input_shape[-1] or 0) - _FEATURES_OF_A_SOURCE * len(self.left_out)
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
        if "rules" in self.left_out:
            before = features[..., : -2 * _FEATURES_OF_A_SOURCE]
            towers = features[..., -_FEATURES_OF_A_SOURCE:]
            return before if "towers" in self.left_out else keras.ops.concatenate([before, towers], axis=-1)
        return features[..., :-_FEATURES_OF_A_SOURCE] if "towers" in self.left_out else features

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "left_out": self.left_out}
