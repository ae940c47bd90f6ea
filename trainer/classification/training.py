"""Trains a classifier on labelled texts."""

import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from trainer.artifacts.labels import load_labels
from trainer.classification.augmentation import Rewrite, augment
from trainer.classification.batches import LabelBatches
from trainer.classification.calibration import fit_temperature
from trainer.classification.classifier import Classifier, new_head, save_classifier
from trainer.classification.examples import LabelledTexts, load_labelled_texts
from trainer.classification.export import export_classification
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import AugmentationOptions, ClassifierOptions, ClassifierTrainingOptions
from trainer.classification.validation import MONITORED, ClassifierValidation
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit, parameter_count
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import training_summary
from trainer.options import TextOptions
from trainer.pretraining.rewriting import load_rewriter
from trainer.text.backbone import encoder_to_train

# Parts of the names of weights that are not to shrink.
_NOT_DECAYED = ("bias", "gamma", "beta")


class TrainedClassifier(NamedTuple):
    """A classifier, and how it came about.

    Attributes:
        classifier: The classifier of the best epoch, calibrated.
        summary: What training.json says.
    """

    classifier: Classifier
    summary: dict[str, Any]


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts; the ModelTrainer component calls it.

    Writes the classifier, and the SavedModel that is served under `Format-Serving/`.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    if request.labels_uri is None:
        raise ValueError("`labels_uri` should name the label vocabulary; classification needs it.")
    options = ClassifierOptions.model_validate_json(request.options_json)
    trained = train_classifier(
        load_labels(request.labels_uri),
        load_labelled_texts(request.examples_uri, "train"),
        load_labelled_texts(request.examples_uri, "eval"),
        options,
        seed=request.seed,
        most_steps=request.steps,
        log_uri=request.log_uri,
        pretrained_uri=request.base_model_uri,
        checkpoint_uri=request.checkpoint_uri,
    )
    save_classifier(trained.classifier, request.model_uri)
    export_classification(os.path.join(request.model_uri, SERVING_FOLDER), trained.classifier, trained.summary)
    return trained.summary


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
    checkpoint_uri: str = "",
) -> TrainedClassifier:
    """Trains a classifier, stops early, and calibrates it.

    TensorBoard gets loss, learning rate and metrics, and the options beside the metrics of the best epoch, which is the
    one with the highest macro-F1 over the validation split. Temperature scaling on the same split follows. Memory grows
    with the texts: their token ids, or their vectors where BERT stays as it is; these are then computed once.

    Args:
        labels: The label vocabulary.
        learned: The training split.
        validated: The validation split, with as many numbers a text.
        options: How to train.
        seed: Of weights, order and dropout.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        pretrained_uri: Where `save_trained_encoder` wrote an encoder to start from; None for the options' backbone.
        checkpoint_uri: Where checkpoints go; empty for none.

    Raises:
        ValueError: A split is empty, or there are fewer than two labels.
    """
    started = time.monotonic()
    _check(labels, learned, validated)
    keras.utils.set_random_seed(seed)
    training, given = options.training, len(learned)
    learned = augment(learned, options.augmentation, seed, _rewriter(options.augmentation, pretrained_uri))
    batches = LabelBatches(learned.labels, len(labels), training, seed)
    length = training_length(batches.steps, training.max_epochs, most_steps)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        encoder = encoder_to_train(options.text, pretrained_uri)
        head = new_head(encoder, learned.numbers, len(labels), options.head)
        classifier = Classifier(encoder, head, tuple(labels))
        inputs, eval_inputs = (_inputs(classifier, texts, options.text) for texts in (learned, validated))
        model = ClassifierModel(encoder, head, inputs, training)
        model.compile(optimizer=classifier_optimizer(training, length.all_steps), jit_compile=False)
    validation = ClassifierValidation(classifier, eval_inputs, validated.labels, options.text.batch_size)
    best = fit(
        model,
        batches.epoch,
        length=length,
        validation=validation,
        monitored=MONITORED,
        patience=training.patience,
        log_uri=log_uri,
        checkpoints=Checkpoints(checkpoint_uri, training.checkpoint_minutes),
    )
    write_hyperparameters(log_uri, options, seed, best)
    classifier = classifier._replace(temperature=fit_temperature(validation.logits(), validated.labels))
    summary = training_summary(
        best,
        hardware,
        started,
        temperature=classifier.temperature,
        parameters={"trained": parameter_count(model.trainable_variables), "all": parameter_count(model.variables)},
        examples={"train": given, "augmented": len(learned) - given, "eval": len(validated)},
        training=options.text.training,
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


def classifier_optimizer(options: ClassifierTrainingOptions, updates: int) -> keras.optimizers.Optimizer:
    """Returns AdamW with linear warm-up and cosine decay over so many updates."""
    return adamw(
        warm_up_and_decay(options.learning_rate, updates),
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        not_decayed=_NOT_DECAYED,
    )


def _check(labels: Sequence[str], learned: LabelledTexts, validated: LabelledTexts) -> None:
    if len(labels) < 2:
        raise ValueError(f"`labels` should hold two labels or more to tell apart. Received {list(labels)}.")
    for name, texts in {"learned": learned, "validated": validated}.items():
        if not len(texts):
            raise ValueError(f"`{name}` should hold texts. It is empty: give more labelled texts.")
