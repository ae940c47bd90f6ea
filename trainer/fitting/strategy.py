"""Picks the tf.distribute strategy and the precision from the hardware, or as the options say."""

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from trainer.workers.worker_group import worker_group

logger = logging.getLogger(__name__)


class Hardware(NamedTuple):
    """What a model is trained on.

    Attributes:
        devices: Such as GPU:0; a batch is divided over them.
        precision: The Keras dtype policy.
        workers: Machines that train together, each on such a device.
    """

    devices: tuple[str, ...]
    precision: str
    workers: int = 1

    @property
    def replicas(self) -> int:
        """The number of devices."""
        return len(self.devices)


@contextmanager
def chosen_hardware(strategy: str, precision: str) -> Iterator[Hardware]:
    """Has what is built inside the block trained on the devices and in the precision that are chosen.

    Args:
        strategy: As for `choose_strategy`.
        precision: As for `choose_precision`.

    Raises:
        ValueError: There is no such device, or there are several on each of several machines.
    """
    group = worker_group()
    chosen = choose_strategy(strategy)
    specs = [tf.DeviceSpec.from_string(name) for name in chosen.extended.worker_devices]
    devices = tuple(f"{spec.device_type}:{spec.device_index}" for spec in specs)
    workers = group.size
    if workers > 1 and len(devices) > 1:
        raise ValueError(
            f"Each of {workers} workers should have one device. This one has {', '.join(devices)}: start a worker "
            "for each device, and show it its own by CUDA_VISIBLE_DEVICES."
        )
    hardware = Hardware(devices, choose_precision(precision, chosen), workers)
    logger.info("Training on %s of %d machines in %s.", ", ".join(devices), workers, hardware.precision)
    with chosen.scope(), precision_policy(hardware.precision):
        yield hardware


@functools.cache
def choose_strategy(kind: str) -> Any:
    """Returns the strategy to build and train a model under, the same one throughout a process.

    Replicas find each other's gradients by numbers, which two strategies of one process would both count from the same
    one: the second training of a run would fail on more than one device.

    Args:
        kind: `auto` takes a TPU if there is one, else GPUs, else CPUs; `tpu`, `gpu` and `cpu` insist. More than one
            (logical) device of a kind makes a MirroredStrategy.

    Raises:
        ValueError: There is no device of the kind, or the kind is unknown.
    """
    if kind not in ("auto", "cpu", "gpu", "tpu"):
        raise ValueError(f"`kind` should be auto, cpu, gpu or tpu. Received {kind!r}.")
    if kind == "tpu" or (kind == "auto" and tf.config.list_physical_devices("TPU")):
        return _tpu_strategy()
    group = worker_group()
    for device_type in ("GPU", "CPU") if kind == "auto" else (kind.upper(),):
        devices = [device.name for device in tf.config.list_logical_devices(device_type)]
        if group.size > 1:
            # Those of the other workers are listed too.
            devices = [name for name in devices if tf.DeviceSpec.from_string(name).task == group.place]
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy(devices)
        if devices:
            return tf.distribute.OneDeviceStrategy(devices[0])
    raise ValueError(
        f"`strategy` is {kind}, and TensorFlow sees no such device here. Install its driver, or set it to auto."
    )


def shapes_must_be_known() -> bool:
    """Says whether the strategy in force runs what XLA compiles, as TPUs do: no shape may depend on the data then."""
    return isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)


def choose_precision(precision: str, strategy: Any) -> str:
    """Returns the Keras dtype policy: `auto` is float32 on CPUs, mixed_float16 on GPUs, mixed_bfloat16 on TPUs."""
    if precision != "auto":
        return precision
    devices = " ".join(strategy.extended.worker_devices).upper()
    if "TPU" in devices:
        return "mixed_bfloat16"
    return "mixed_float16" if "GPU" in devices else "float32"


@contextmanager
def precision_policy(precision: str) -> Iterator[None]:
    """Makes a dtype policy Keras's default inside the block; layers built there keep it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _tpu_strategy() -> Any:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect("")
    except (ValueError, tf.errors.NotFoundError, tf.errors.UnavailableError) as error:
        raise ValueError(
            "`strategy` is tpu, and TensorFlow finds no TPU here. Run on a TPU host, or set it to auto."
        ) from error
    return tf.distribute.TPUStrategy(resolver)
