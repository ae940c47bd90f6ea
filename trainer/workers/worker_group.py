"""The machines that train one model together, as TF_CONFIG names them."""

import functools
import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.workers.exchange import summed

logger = logging.getLogger(__name__)

TF_CONFIG = "TF_CONFIG"


class WorkerGroup(NamedTuple):
    """The processes that train together, one on each machine, and which of them this one is.

    Each has the whole model in variables of its own. They begin alike and make the same updates, since gradients are
    summed over all before any is applied.

    Attributes:
        place: Which process this is, from 0; the first one is the chief, whose files count.
        size: How many there are.
        strategy: Carries what they tell each other; None where there is one process.
    """

    place: int = 0
    size: int = 1
    strategy: Any = None

    @property
    def is_chief(self) -> bool:
        """Whether this is the process whose files count."""
        return self.place == 0

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function in which `trainer.workers.exchange` reaches the other processes; all have to call it."""
        return function(*arguments) if self.strategy is None else self.strategy.run(function, args=arguments)

    def by_chief(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Returns the chief's values of an array that is of one shape in all processes."""
        if self.strategy is None:
            return values
        # What the others add may not be a product with zero, which is none for infinite numbers.
        own = tf.constant(values if self.is_chief else np.zeros_like(values))
        return np.asarray(tf.function(lambda: self.run(lambda: summed(tf.identity(own))))())


@functools.cache
def worker_group() -> WorkerGroup:
    """Joins the processes that the environment variable TF_CONFIG names; there is one group a process.

    With several processes this has to come before anything is computed with TensorFlow, and waits for all of them.

    Raises:
        ValueError: TF_CONFIG is not what a job of workers, with or without a chief, is told.
    """
    return read_tf_config(os.environ)


def read_tf_config(environment: Mapping[str, str]) -> WorkerGroup:
    """Does what `worker_group` does, by the environment that is given."""
    text = environment.get(TF_CONFIG, "")
    if not text.strip():
        return WorkerGroup()
    try:
        config = json.loads(text)
        cluster = config.get("cluster", {})
        chiefs, workers = cluster.get("chief", []), cluster.get("worker", [])
        task = config.get("task", {"type": "worker", "index": 0})
        kind, index = task["type"], int(task["index"])
        addresses = [*chiefs, *workers]
        place = index + (len(chiefs) if kind == "worker" else 0)
        understood = kind in ("chief", "worker") and (not addresses or place < len(addresses))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(_refusal(text)) from error
    if not understood or cluster.keys() - {"chief", "worker"}:
        raise ValueError(_refusal(text))
    if len(addresses) < 2:
        return WorkerGroup()
    logger.info("Worker %d of %d waits for the others.", place + 1, len(addresses))
    return WorkerGroup(place, len(addresses), tf.distribute.MultiWorkerMirroredStrategy())


def _refusal(text: str) -> str:
    return (
        f"{TF_CONFIG} should name workers, and a chief at the most, as in "
        '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}. '
        f"Received {text[:300]}: give each process of the training its own."
    )
