"""AdamW whose update of a variable is one operation."""

from typing import Any

import keras
import tensorflow as tf

from trainer.fitting.keras_parts import SummedBefore, adam_moments


@keras.saving.register_keras_serializable(package="shelfwise")
class FusedAdamW(SummedBefore):
    """Keras's AdamW, computed by TensorFlow's fused kernel of Adam.

    Keras composes an update of some ten operations, each of which goes once through all of a variable's memory. With a
    vocabulary's embeddings that is a third of a training step on a CPU. The kernel goes through it once. Weight decay,
    clipping and the schedule are Keras's own, and so are the numbers, but for rounding.

    On several replicas it takes gradients that they have summed, as `trainer.fitting.softmax_model` does.

    `amsgrad` is not supported: the kernel knows none.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        momentum, velocity = adam_moments(self, variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.value.handle,
            v=velocity.value.handle,
            beta1_power=tf.cast(self.beta_1, dtype) ** step,
            beta2_power=tf.cast(self.beta_2, dtype) ** step,
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )
