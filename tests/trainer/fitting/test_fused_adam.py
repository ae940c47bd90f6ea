"""The fused AdamW against Keras's own, which composes the same update of many operations."""

import keras
import numpy as np
import pytest

from trainer.fitting.fused_adam import FusedAdamW


def after_steps(optimizer: keras.optimizers.Optimizer) -> list[np.ndarray]:
    """Returns a kernel and a bias after five steps along made gradients."""
    random = np.random.default_rng(0)
    variables = [
        keras.Variable(random.normal(size=shape).astype(np.float32), name=name)
        for name, shape in {"kernel": (7, 5), "bias": (5,)}.items()
    ]
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    for _ in range(5):
        gradients = [random.normal(size=variable.shape).astype(np.float32) for variable in variables]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], variables)
    return [np.asarray(variable) for variable in variables]


@pytest.mark.parametrize("clip", [None, 1.0])
def test_it_takes_the_same_steps(clip: float | None) -> None:
    options = {
        "learning_rate": keras.optimizers.schedules.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2),
        "weight_decay": 0.1,
        "global_clipnorm": clip,
    }
    for own, other in zip(
        after_steps(FusedAdamW(**options)), after_steps(keras.optimizers.AdamW(**options)), strict=True
    ):
        np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-6)
