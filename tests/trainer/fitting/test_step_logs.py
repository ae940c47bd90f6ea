"""The points of an epoch, against losses that are known beforehand."""

import json

import numpy as np
import pytest

from trainer.fitting.step_logs import StepLogs, steps_per_point


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (99, 1), (199, 1), (200, 2), (1910, 19)])
def test_an_epoch_gets_some_hundred_points(steps: int, every: int) -> None:
    assert steps_per_point(steps) == every
    assert steps // every >= min(steps, 100)


def test_a_point_is_the_mean_loss_since_the_one_before() -> None:
    losses = np.random.default_rng(0).normal(5.0, 1.0, (2, 7))
    logs = StepLogs(3, lambda: 0.5)
    means = []
    for epoch in range(2):
        for loss in losses[epoch]:
            logs.add(loss)
            # One that is taken up anywhere goes on as if nothing had been.
            again = StepLogs(3, lambda: 0.5)
            again.restore(json.loads(json.dumps(logs.state())))
            logs = again
        means.append(logs.end_epoch())
    # Every third step over both epochs; an epoch's first point begins with the epoch.
    assert [step for step, _, _ in logs.points] == [3, 6, 9, 12]
    expected = [losses[0, :3].mean(), losses[0, 3:6].mean(), losses[1, :2].mean(), losses[1, 2:5].mean()]
    np.testing.assert_allclose([loss for _, loss, _ in logs.points], expected, rtol=1e-12)
    assert {rate for _, _, rate in logs.points} == {0.5}
    np.testing.assert_allclose(means, losses.mean(axis=1), rtol=1e-12)
