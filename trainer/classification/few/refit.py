"""Where labels have few texts, those that validated are learned from too, once they have said how."""

import numpy as np

from trainer.classification.batches import LabelBatches
from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.fused import FusedClassifier
from trainer.classification.linear.head import refit_linear_head
from trainer.classification.linear.wide import refit_wide
from trainer.classification.options import ClassifierOptions

# With as many texts or more of each label, a tenth of them more changes little.
FEW_TEXTS = 50


def few_texts(learned: LabelledTexts, classes: int) -> bool:
    """Says whether any of the labels has few texts."""
    return bool(np.bincount(learned.labels, minlength=classes).min() < FEW_TEXTS)


def refit(
    classifier: FusedClassifier,
    learned: LabelledTexts,
    validated: LabelledTexts,
    options: ClassifierOptions,
    inverse_regularisation: float,
) -> FusedClassifier:
    """Returns the classifier after it has learned from both splits; the head is changed.

    Regularisation, temperatures and powers stay what the validation split has said before.

    Args:
        classifier: A classifier whose head, if it has one, was found at once.
        learned: The training split.
        validated: The validation split.
        options: How it was trained.
        inverse_regularisation: That of the head.
    """
    both = LabelledTexts(
        texts=[*learned.texts, *validated.texts],
        labels=np.concatenate([learned.labels, validated.labels]),
        numbers=np.concatenate([learned.numbers, validated.numbers]),
        weights=np.concatenate([learned.text_weights(), validated.text_weights()]),
    )
    deep, wide = classifier.served_deep(), classifier.wide
    if deep is not None:
        batches = LabelBatches(both.labels, len(classifier.labels), options.training, seed=0, weights=both.weights)
        vectors = deep.text_vectors(deep.token_ids(both.texts), options.text.batch_size)
        refit_linear_head(deep.head, vectors, both.numbers, batches, inverse_regularisation)
    if wide is not None:
        wide = refit_wide(wide, both, options.wide, options.training.class_weights)
    return classifier._replace(wide=wide)
