"""The response model: a linear part and crossed features, averaged over several networks, then calibrated."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from trainer.response.body import ResponseBody
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.numbers import ScaledNumbers
from trainer.response.options import ResponseNetworkOptions

FloatArray = npt.NDArray[np.float32]


@keras.saving.register_keras_serializable(package="shelfwise")
class ResponseNetwork(keras.Model):
    """Probabilities of outcomes from the features of an impression.

    Each network has a linear part (wide) and a `ResponseBody` with a head on top (deep; Cheng et al., "Wide & deep
    learning for recommender systems", DLRS 2016). Several learn the same from different beginnings, each by its own
    loss, and the mean of their logits is calibrated by a slope and an intercept (Platt, 1999).

    Where something was shown adds a bias to the logit that is learned with it. Served probabilities are for the mean
    bias of the impressions that were learned from, so that a place does not speak for what stood in it.

    Call arguments:
        features: As `FeatureTable.inputs` names them.
        training: Whether each network's own logits are wanted, with the bias of the position.

    Returns:
        float32 `(batch, outcomes)`: the mean logits; in training `(batch, networks, outcomes)`.

    Args:
        numbers: How many numbers an impression has.
        vocabulary_sizes: Number of values of each categorical feature.
        items: Number of offers or products.
        positions: The last position with a bias of its own; 0 where positions are unknown.
        outcomes: How many outcomes there are.
        networks: How many networks.
        pieces: Pieces that each number is cut into; see `ScaledNumbers`.
        body: Arguments of each `ResponseBody` beside these.
    """

    def __init__(
        self,
        *,
        numbers: int,
        vocabulary_sizes: Sequence[int],
        items: int,
        positions: int,
        outcomes: int,
        networks: int,
        pieces: int,
        body: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._own: dict[str, Any] = {
            "numbers": numbers,
            "vocabulary_sizes": tuple(vocabulary_sizes),
            "items": items,
            "positions": positions,
            "outcomes": outcomes,
            "networks": networks,
            "pieces": pieces,
            "body": dict(body),
        }
        self.scaled = ScaledNumbers(numbers, pieces, name="scaled")
        self.bodies = [
            ResponseBody(vocabulary_sizes=vocabulary_sizes, items=items, name=f"body_{number}", **body)
            for number in range(networks)
        ]
        # What is added to the linear part begins at nothing.
        self.heads = [
            keras.layers.Dense(outcomes, use_bias=False, kernel_initializer="zeros", dtype="float32", name=f"head_{n}")
            for n in range(networks)
        ]
        self.linear = keras.layers.Dense(networks * outcomes, kernel_initializer="zeros", dtype="float32", name="wide")
        self.linear_categories = [
            keras.layers.Embedding(
                size + 1, networks * outcomes, embeddings_initializer="zeros", dtype="float32", name=f"wide_{n}"
            )
            for n, size in enumerate(vocabulary_sizes)
        ]
        self.position_bias = keras.layers.Embedding(
            positions + 1, outcomes, embeddings_initializer="zeros", dtype="float32", name="position_bias"
        )
        self._position_share = self.add_weight(
            shape=(positions + 1,), initializer="zeros", trainable=False, name="position_share"
        )
        self._slope = self.add_weight(shape=(outcomes,), initializer="ones", trainable=False, name="slope")
        self._intercept = self.add_weight(shape=(outcomes,), initializer="zeros", trainable=False, name="intercept")

    def build(self, input_shape: Any = None) -> None:
        own = self._own
        width = self.scaled.width
        shape: dict[str, Sequence[int | None]] = {
            "numbers": (None, width),
            "categories": (None, len(own["vocabulary_sizes"])),
            "item": (None,),
        }
        self.scaled.built = True
        for body, head in zip(self.bodies, self.heads, strict=True):
            body.build(shape)
            head.build(body.compute_output_shape(shape))
        self.linear.build((None, width))
        for layer in (*self.linear_categories, self.position_bias):
            layer.build((None,))
        self.built = True

    def adapt(self, table: FeatureTable) -> None:
        """Learns the scale of the numbers, how often each position was shown, and the rates to begin with."""
        self.scaled.adapt(table.numbers)
        shown = np.bincount(table.position, weights=table.weight, minlength=self._own["positions"] + 1)
        self._position_share.assign(shown / shown.sum())
        rates = np.clip(np.average(table.outcomes, axis=0, weights=table.weight), 1e-6, 1 - 1e-6)
        self.linear.bias.assign(np.tile(np.log(rates / (1 - rates)), self._own["networks"]))

    def calibrate(self, slope: FloatArray, intercept: FloatArray) -> None:
        """Takes the slope and the intercept of each outcome, float32 `(outcomes,)`."""
        self._slope.assign(slope)
        self._intercept.assign(intercept)

    def vectors(self, features: dict[str, Any], training: bool = False) -> list[Any]:
        """Returns what each network's body makes of features: float `(batch, width)` of each network."""
        prepared = {**features, "numbers": self.scaled(features["numbers"])}
        return [body(prepared, training=training) for body in self.bodies]

    def call(self, features: dict[str, Any], training: bool = False) -> Any:
        logits = self._logits(features, training)
        if training:
            return logits + self.position_bias(features["position"])[:, None, :]
        mean_bias = keras.ops.matmul(self._position_share[None, :], self.position_bias.embeddings)
        return keras.ops.mean(logits, axis=1) + mean_bias

    def placed_logits(self, features: dict[str, Any]) -> Any:
        """Returns the logits where each impression stood, float32 `(batch, outcomes)`: how well it is explained."""
        return keras.ops.mean(self._logits(features, training=False), axis=1) + self.position_bias(features["position"])

    def _logits(self, features: dict[str, Any], training: bool) -> Any:
        """Returns the logits of each network but for the position, `(batch, networks, outcomes)`."""
        own = self._own
        prepared = {**features, "numbers": self.scaled(features["numbers"])}
        logits = self.linear(prepared["numbers"])
        for place, layer in enumerate(self.linear_categories):
            logits += layer(features["categories"][:, place])
        logits = keras.ops.reshape(logits, (-1, own["networks"], own["outcomes"]))
        deep = [head(body(prepared, training=training)) for body, head in zip(self.bodies, self.heads, strict=True)]
        return logits + keras.ops.stack(deep, axis=1)

    def probabilities(self, features: Mapping[str, Any]) -> Any:
        """Returns the calibrated probabilities of a place of mean bias, float32 `(batch, outcomes)`."""
        return keras.ops.sigmoid(self(features) * self._slope + self._intercept)

    def penalised(self) -> tuple[list[Any], list[Any]]:
        """Returns the weights of the linear part and those of the bodies and heads, without biases of layers."""
        wide = [self.linear.kernel, *(layer.embeddings for layer in self.linear_categories)]
        deep = [
            weight
            for layer in (*self.bodies, *self.heads)
            for weight in layer.trainable_weights
            if not weight.path.endswith("bias")
        ]
        return wide, [*deep, self.position_bias.embeddings]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._own}


def new_network(names: FeatureNames, vector_width: int, options: ResponseNetworkOptions) -> ResponseNetwork:
    """Returns an untrained network for the features of a table."""
    network = ResponseNetwork(
        numbers=len(names.numbers),
        vocabulary_sizes=[len(values) for values in names.categories.values()],
        items=names.items,
        positions=names.positions,
        outcomes=len(names.outcomes),
        networks=options.networks,
        pieces=options.pieces,
        body=options.model_dump(exclude={"networks", "pieces"}) | {"vector_width": vector_width},
        name="response",
    )
    network.build()
    return network
