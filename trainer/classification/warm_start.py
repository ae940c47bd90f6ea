"""Lets a classifier begin with what an earlier one has learned, of labels that may have grown."""

import os
from collections.abc import Sequence

import numpy as np

from trainer.artifacts.json_files import read_json
from trainer.artifacts.keras_files import load_keras
from trainer.classification.classifier import CLASSIFIER_FILE, HEAD_FILE
from trainer.classification.head import ClassificationHead
from trainer.classification.options import ClassifierOptions

_GROWS = frozenset({"classes", "name", "trainable", "dtype"})


def take_over_head(head: ClassificationHead, labels: Sequence[str], earlier_uri: str) -> dict[str, int]:
    """Gives a fresh head the weights of an earlier one; the outputs find each other by their labels.

    A new label keeps its fresh weights, with the lowest bias of the known ones: it is unlikely at first. Mean and
    deviation of the numbers stay those that the weights were learned with.

    Args:
        head: The head, which is changed.
        labels: Its labels.
        earlier_uri: Where `trainer.classification.classifier.save_classifier` wrote the earlier classifier.

    Returns:
        How many labels were `known`, are `new` and are `gone`.

    Raises:
        ValueError: The earlier head is of another shape.
    """
    before: ClassificationHead = load_keras(os.path.join(earlier_uri, HEAD_FILE))
    config, old_config = head.get_config(), before.get_config()
    for key in config.keys() - _GROWS:
        if config[key] != old_config[key]:
            raise ValueError(
                f"An update starts from a classifier of the same shape. `head.{key}` is {config[key]} by the "
                f"configuration, and {old_config[key]} in the earlier model: run `shelfwise run` once more."
            )
    old_labels: list[str] = read_json(os.path.join(earlier_uri, CLASSIFIER_FILE))["labels"]
    place = {label: row for row, label in enumerate(old_labels)}
    known = [row for row, label in enumerate(labels) if label in place]
    taken = [place[labels[row]] for row in known]
    kernel, bias = (np.asarray(each).copy() for each in (head.logits.kernel, head.logits.bias))
    old_kernel, old_bias = (np.asarray(each) for each in (before.logits.kernel, before.logits.bias))
    bias[:] = old_bias[taken].min(initial=0.0)
    kernel[:, known], bias[known] = old_kernel[:, taken], old_bias[taken]
    outputs = {id(head.logits.kernel), id(head.logits.bias)}
    for variable, old in zip(head.variables, before.variables, strict=True):
        if id(variable) not in outputs:
            variable.assign(old)
    head.logits.kernel.assign(kernel)
    head.logits.bias.assign(bias)
    return {"known": len(known), "new": len(labels) - len(known), "gone": len(old_labels) - len(known)}


def of_update(options: ClassifierOptions) -> ClassifierOptions:
    """Returns the options of a training that goes on: fewer passes, and smaller steps."""
    training, update = options.training, options.update
    shorter = {
        "max_epochs": min(training.max_epochs, update.max_epochs),
        "learning_rate": training.learning_rate * update.learning_rate,
    }
    return options.model_copy(update={"training": training.model_copy(update=shorter)})
