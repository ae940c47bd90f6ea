"""The points of an epoch, against losses that are known beforehand."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from trainer.fitting.step_logs import StepLogs, steps_per_point


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (99, 1), (199, 1), (200, 2), (1910, 19)])
def test_an_epoch_gets_some_hundred_points(steps: int, every: int) -> None:
    assert steps_per_point(steps) == every
    assert steps // every >= min(steps, 100)


def test_a_point_is_the_mean_loss_since_the_one_before() -> None:
    losses = np.random.default_rng(0).normal(5.0, 1.0, (2, 7))
    logs = StepLogs(every=3)
    logs.set_model(SimpleNamespace(optimizer=keras.optimizers.SGD(0.5)))
    points = []
    for epoch in range(2):
        logs.on_epoch_begin(epoch)
        for step in range(7):
            # As Keras hands them on: the mean since the epoch began.
            entry = {"loss": losses[epoch, : step + 1].mean()}
            logs.on_train_batch_end(step, entry)
            if "learning_rate" in entry:
                points.append((epoch, step, entry["loss"], entry["learning_rate"]))
    # Every third step over both epochs; an epoch's first point begins with the epoch.
    assert [point[:2] for point in points] == [(0, 2), (0, 5), (1, 1), (1, 4)]
    expected = [losses[0, :3].mean(), losses[0, 3:6].mean(), losses[1, :2].mean(), losses[1, 2:5].mean()]
    np.testing.assert_allclose([point[2] for point in points], expected, rtol=1e-12)
    assert {point[3] for point in points} == {0.5}
