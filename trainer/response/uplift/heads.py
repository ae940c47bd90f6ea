"""The heads of an uplift network: the outcome whatever the treatment, and what each treatment adds to it."""

from typing import Any

import keras

# An uplift is a difference of probabilities, some tenths of what a logit is; with the same steps of the optimizer both
# then move alike.
_UPLIFT_SCALE = 0.1


@keras.saving.register_keras_serializable(package="shelfwise")
class UpliftHeads(keras.layers.Layer):
    """Two heads over one vector; the uplift is linear in it, on the scale of probabilities.

    That scale is the point: what a treatment adds to a rare outcome and to a frequent one is often the same share of
    customers, and heads that add up logits rank the frequent ones first then.

    Call arguments:
        vectors: float `(batch, width)`.

    Returns:
        The logit of the outcome, float32 `(batch,)`, averaged over the treatments as they were given; and what each
        treatment adds to the probability beside the control, float32 `(batch, treatments)`.

    Args:
        treatments: How many there are beside the control.
        uplift_decay: Penalty on the squares of the uplift's weights.
    """

    def __init__(self, *, treatments: int, uplift_decay: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self._own = {"treatments": treatments, "uplift_decay": uplift_decay}
        self._outcome = keras.layers.Dense(1, dtype="float32", name="outcome")
        self._added = keras.layers.Dense(
            treatments,
            dtype="float32",
            kernel_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(uplift_decay) if uplift_decay else None,
            name="added",
        )

    def build(self, input_shape: Any) -> None:
        self._outcome.build(input_shape)
        self._added.build(input_shape)
        self.built = True

    def call(self, vectors: Any) -> tuple[Any, Any]:
        vectors = keras.ops.cast(vectors, "float32")
        return self._outcome(vectors)[:, 0], _UPLIFT_SCALE * self._added(vectors)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0],), (input_shape[0], self._own["treatments"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._own}
