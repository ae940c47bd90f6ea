"""What has no public name in Keras and is used nevertheless; no other module uses a private name of Keras."""

import importlib.metadata
from typing import Any

import keras


def private(owner: Any, name: str, library: str, user: str) -> Any:
    """Returns a private attribute of a library's object.

    Args:
        owner: The object, class or module.
        name: Name of the attribute.
        library: The package that it is of, as pip calls it.
        user: Our module that uses it.

    Raises:
        RuntimeError: It has no such attribute (any more).
    """
    try:
        return getattr(owner, name)
    except AttributeError as error:
        kind = getattr(owner, "__name__", type(owner).__name__)
        raise RuntimeError(
            f"`{kind}` should have the private name `{name}`, which {user} uses. {library} "
            f"{importlib.metadata.version(library)} has none: install a version that setup.py allows, or see what took "
            f"its place and change {user}."
        ) from error


def _private(owner: Any, name: str) -> Any:
    return private(owner, name, "keras", __name__)


def nested_layers(layer: Any) -> list[Any]:
    """Returns all layers inside a layer, at any depth."""
    return list(_private(layer, "_flatten_layers")(include_self=False))


def adam_moments(optimizer: Any, variable: Any) -> tuple[Any, Any]:
    """Returns what Keras's Adam remembers of a variable: the means of its gradients and of their squares."""
    place = _private(optimizer, "_get_variable_index")(variable)
    return _private(optimizer, "_momentums")[place], _private(optimizer, "_velocities")[place]


class ReplicatedModel(keras.Model):
    """A model without a `call`, which can be trained on replicas that get unequal shares of a batch.

    Args:
        replicas: Replicas that a batch is divided over.
        name: Name of the model.
    """

    def __init__(self, replicas: int, name: str) -> None:
        super().__init__(name=name)
        self._replicas = replicas
        # There is no `call`, so Keras is told that nothing is left to build.
        self.built = True
        # Under another name what is below would never be called.
        _private(keras.Model, "_maybe_symbolic_build")

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        if self._replicas == 1:
            super()._maybe_symbolic_build(iterator, data_batch)
            return
        # Keras looks at a batch to build what is left, and averages it over the replicas, which fails where they get
        # unequal shares. Here there is nothing left but what the optimizer remembers.
        with self.distribute_strategy.scope():
            self.optimizer.build(self.trainable_variables)
