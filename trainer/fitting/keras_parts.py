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


class SummedBefore(keras.optimizers.AdamW):
    """AdamW for gradients that the replicas have summed: Keras would sum them once more, after it has clipped them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Under another name what is below would never be called.
        _private(keras.optimizers.AdamW, "_all_reduce_sum_gradients")

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars
