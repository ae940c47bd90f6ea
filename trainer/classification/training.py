"""Trains BERT and its head on labelled texts."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.classification.augmentation import Rewrite, augment
from trainer.classification.batches import LabelBatches, label_weights
from trainer.classification.calibration import fit_temperature
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.examples import LabelledTexts
from trainer.classification.linear.head import fit_linear_head
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import AugmentationOptions, ClassifierOptions, ClassifierTrainingOptions
from trainer.classification.private.checks import check_private
from trainer.classification.private.model import PrivateClassifierModel
from trainer.classification.validation import MONITORED, ClassifierValidation
from trainer.classification.warm_start import of_update, take_over_head
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit, parameter_count
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_summary import training_summary
from trainer.options import TextOptions
from trainer.pretraining.rewriting import load_rewriter
from trainer.privacy.accounting import privacy_summary
from trainer.privacy.batches import PoissonBatches, unit_numbers
from trainer.text.backbone import encoder_to_train

# Parts of the names of weights that are not to shrink.
_NOT_DECAYED = ("bias", "gamma", "beta")
# Validation texts that tell means and deviations of vectors.
_LEAST_STANDARDISED = 100
# What a private training promises something for.
COVERED = "examples trained on; those of validation chose epoch, temperature, weights and scale"


class TrainedClassifier(NamedTuple):
    """A classifier, and how it came about.

    Attributes:
        classifier: The classifier of the best epoch, calibrated.
        summary: What training.json says.
    """

    classifier: Classifier
    summary: dict[str, Any]


def train_classifier(
    labels: Sequence[str],
    learned: LabelledTexts,
    validated: LabelledTexts,
    options: ClassifierOptions,
    *,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    pretrained_uri: str | None = None,
    earlier_uri: str | None = None,
    checkpoint_uri: str = "",
) -> TrainedClassifier:
    """Trains a classifier, stops early, and calibrates it.

    TensorBoard gets loss, learning rate and metrics, and the options beside the metrics of the best epoch, which is the
    one with the highest macro-F1 over the validation split; a head that is found at once has no epochs. Temperature
    scaling on the same split follows. Memory grows with the texts: their token ids, or their vectors where BERT stays
    as it is; these are then computed once.

    Args:
        labels: The label vocabulary.
        learned: The training split.
        validated: The validation split, with as many numbers a text.
        options: How to train.
        seed: Of weights, order and dropout.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        pretrained_uri: Where `save_trained_encoder` wrote an encoder to start from; None for the options' backbone.
        earlier_uri: Where `save_classifier` wrote the classifier that an update starts from; None for a training that
            begins with nothing.
        checkpoint_uri: Where checkpoints go; empty for none.

    Raises:
        ValueError: A split is empty, there are fewer than two labels, or the earlier classifier is of another shape.
    """
    started = time.monotonic()
    check_texts(labels, learned, validated)
    keras.utils.set_random_seed(seed)
    if earlier_uri is not None:
        options = of_update(options)
    training, given = options.training, len(learned)
    learned = augment(learned, options.augmentation, seed, _rewriter(options.augmentation, pretrained_uri))
    privacy = options.privacy
    batches = LabelBatches(learned.labels, len(labels), training, seed, learned.weights)
    if privacy is not None:
        check_private(options, pretrained_uri, earlier_uri)
        # Labels and numbers are counted in texts that are promised nothing.
        weights = label_weights(validated.labels, len(labels), training.class_weights)
        sampled = private_batches(learned, weights, training.batch_size)
    steps = batches.steps if privacy is None else sampled.steps
    length = training_length(steps, training.max_epochs, most_steps)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        encoder = encoder_to_train(options.text, earlier_uri or pretrained_uri, options.layers)
        scaled_by = learned if privacy is None else validated
        head = new_head(encoder, scaled_by.numbers, len(labels), options.head, from_zero=privacy is not None)
        taken_over: dict[str, Any] = {}
        if earlier_uri is not None:
            taken_over["update"] = take_over_head(head, labels, earlier_uri)
        classifier = Classifier(encoder, head, tuple(labels))
        inputs, eval_inputs = (_inputs(classifier, texts, options.text) for texts in (learned, validated))
        model = ClassifierModel(encoder, head, inputs, training)
        if privacy is not None:
            model = PrivateClassifierModel(encoder, head, inputs, training, privacy=privacy, expected=sampled.rows)
            if eval_inputs.vectors is not None and len(validated) >= _LEAST_STANDARDISED:
                # By texts that are promised nothing.
                head.standardise(eval_inputs.vectors)
        model.compile(optimizer=classifier_optimizer(training, length.all_steps), jit_compile=False)
    validation = ClassifierValidation(classifier, eval_inputs, validated.labels, options.text.batch_size)
    if inputs.vectors is not None and options.found_at_once():
        # What one layer tells is not to drown in what another one has in larger numbers.
        head.standardise(inputs.vectors)
        best, strength = fit_linear_head(head, inputs.vectors.numpy(), learned.numbers, batches, validation)
        taken_over["head"] = {"inverse_regularisation": strength}
    else:
        best = fit(
            model,
            batches.epoch if privacy is None else sampled.epoch,
            length=length,
            validation=validation,
            monitored=MONITORED,
            patience=training.patience,
            log_uri=log_uri,
            checkpoints=Checkpoints(checkpoint_uri, training.checkpoint_minutes),
        )
    write_hyperparameters(log_uri, options, seed, best)
    classifier = classifier._replace(temperature=fit_temperature(validation.logits(), validated.labels))
    private = {}
    if privacy is not None:
        unit, taken = "text" if learned.users is None else "user", best.epochs * length.steps
        private = {"privacy": privacy_summary(privacy, sampled, taken, unit=unit, covers=COVERED)}
    summary = training_summary(
        best,
        hardware,
        started,
        temperature=classifier.temperature,
        parameters={"trained": parameter_count(model.trainable_variables), "all": parameter_count(model.variables)},
        examples={"train": given, "augmented": len(learned) - given, "eval": len(validated)},
        training=options.text.training,
        **taken_over,
        **private,
    )
    return TrainedClassifier(classifier, summary)


def _rewriter(options: AugmentationOptions, pretrained_uri: str | None) -> Rewrite | None:
    if not (options.rewritten and options.min_label_texts):
        return None
    if pretrained_uri is None:
        raise ValueError("`augmentation.rewritten` needs a masked language model: set `pretrain_steps`.")
    return load_rewriter(pretrained_uri, options.rewritten)


def _inputs(classifier: Classifier, texts: LabelledTexts, options: TextOptions) -> TextInputs:
    token_ids = classifier.token_ids(texts.texts)
    vectors = None
    if options.training == "frozen":
        vectors = tf.constant(classifier.text_vectors(token_ids, options.batch_size))
    return TextInputs(token_ids, vectors, tf.constant(texts.numbers))


def private_batches(
    learned: LabelledTexts, weights_of_labels: npt.NDArray[np.float32], batch_size: int
) -> PoissonBatches:
    """Returns what a private training draws: users with all of their texts, or single texts where none names a user.

    Args:
        learned: The training split.
        weights_of_labels: float32 `(classes,)`, the weight of each label.
        batch_size: Users, or texts, of a batch on average.
    """
    labels, weights = learned.labels.astype(np.int32), weights_of_labels[learned.labels]

    def columns(rows: Any) -> dict[str, Any]:
        return {"row": rows, "label": tf.gather(labels, rows), "weight": tf.gather(weights, rows)}

    units = np.arange(len(learned)) if learned.users is None else unit_numbers(learned.users)
    return PoissonBatches(units, batch_size, columns)


def classifier_optimizer(options: ClassifierTrainingOptions, updates: int) -> keras.optimizers.Optimizer:
    """Returns AdamW with linear warm-up and cosine decay over so many updates."""
    return adamw(
        warm_up_and_decay(options.learning_rate, updates),
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        not_decayed=_NOT_DECAYED,
    )


def check_texts(labels: Sequence[str], learned: LabelledTexts, validated: LabelledTexts) -> None:
    """Refuses what no label can be learned from.

    Raises:
        ValueError: A split is empty, or there are fewer than two labels.
    """
    if len(labels) < 2:
        raise ValueError(f"`labels` should hold two labels or more to tell apart. Received {list(labels)}.")
    for name, texts in {"learned": learned, "validated": validated}.items():
        if not len(texts):
            raise ValueError(f"`{name}` should hold texts. It is empty: give more labelled texts.")
