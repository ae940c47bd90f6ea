"""The steps of a training on whatever it runs on: one device, several of one machine, or several machines."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from trainer.fitting.batches import share_of_batches
from trainer.fitting.softmax_model import SoftmaxModel
from trainer.workers.worker_group import WorkerGroup


class TrainingSteps:
    """Makes steps of batches; the step is traced once.

    Args:
        model: A compiled model. On several devices of one machine it was built under the strategy that they have; on
            several machines under none but their own device's.
        group: The machines.
    """

    def __init__(self, model: SoftmaxModel, group: WorkerGroup) -> None:
        self._model, self._group = model, group
        self._strategy = model.distribute_strategy
        with self._strategy.scope():
            model.optimizer.build(model.trainable_variables)
        self._step = tf.function(
            self._on_devices if group.size == 1 else self._on_machines, autograph=False, reduce_retracing=True
        )

    def losses(self, batches: tf.data.Dataset, steps: int) -> Iterator[Any]:
        """Makes so many steps, and yields the loss of each, a scalar that may still be in the making."""
        batches = share_of_batches(batches.take(steps), self._group.place, self._group.size)
        if self._strategy.num_replicas_in_sync > 1:
            batches = self._strategy.experimental_distribute_dataset(batches)
        iterator = iter(batches)
        for _ in range(steps):
            yield self._step(iterator)

    def _on_devices(self, batches: Any) -> Any:
        loss = self._strategy.run(self._model.train_step, args=(next(batches),))["loss"]
        return self._strategy.experimental_local_results(loss)[0]

    def _on_machines(self, batches: Any) -> Any:
        # The optimizer's own variables know of no other machine: they are updated where no strategy is in force.
        loss, gradients = self._group.run(self._model.gradients, next(batches))
        self._model.update(gradients)
        return loss
