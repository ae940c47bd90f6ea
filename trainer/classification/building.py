"""Puts a classifier of texts together from what a run has, and writes what is served."""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from serving.pictures.labels import PictureLabels
from trainer.artifacts.labels import load_labels
from trainer.classification.augmentation import as_read, hardened
from trainer.classification.examples import LabelledTexts, load_labelled_texts, load_unlabelled_texts
from trainer.classification.export import export_classification
from trainer.classification.fair.reweighting import below, train_reweighted
from trainer.classification.few.contrastive import teach_pairs
from trainer.classification.few.descriptions import (
    check_descriptions,
    save_zero_shot,
    with_descriptions,
    zero_shot,
)
from trainer.classification.few.refit import few_texts, refit
from trainer.classification.few.self_training import self_train
from trainer.classification.linear.fused import FusedClassifier, fuse, save_fused
from trainer.classification.linear.wide import WideClassifier, fit_wide
from trainer.classification.options import NO_BACKBONE, ClassifierOptions
from trainer.classification.pictures import learn_label_pictures
from trainer.classification.training import check_texts, train_classifier
from trainer.exporting import SERVING_FOLDER
from trainer.fitting.fit import BestEpoch
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.training_request import TrainingRequest
from trainer.pictures.encoder import load_picture_encoder
from trainer.text.backbone import encoder_to_train, save_trained_encoder


class BuiltClassifier(NamedTuple):
    """A classifier, and how it came about.

    Attributes:
        classifier: What is served.
        summary: What training.json says.
    """

    classifier: FusedClassifier
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
    group = None if options.reweighting is None else options.reweighting.column
    learned, validated = (load_labelled_texts(request.examples_uri, split, group) for split in ("train", "eval"))
    learned, validated = hardened(learned, validated, options.robustness, request.seed)
    labels = load_labels(request.labels_uri)
    unlabelled = as_read(_unlabelled(request.examples_uri, (learned, validated)), options.robustness)

    def train(texts: LabelledTexts, name: str) -> BuiltClassifier:
        return build_classifier(
            labels,
            texts,
            validated,
            options,
            seed=request.seed,
            most_steps=request.steps,
            log_uri=below(request.log_uri, name),
            pretrained_uri=request.base_model_uri,
            earlier_uri=None if request.earlier is None else request.earlier.model_uri,
            checkpoint_uri=below(request.checkpoint_uri, name),
            unlabelled=unlabelled,
        )

    def tested() -> LabelledTexts:
        test = load_labelled_texts(request.examples_uri, "test", group)
        return replace(test, texts=as_read(test.texts, options.robustness))

    built, of_weights = train_reweighted(
        options.reweighting, learned, tested, train, lambda trained: trained.classifier
    )
    classifier, summary = built.classifier, {**built.summary, **of_weights}
    save_fused(classifier, request.model_uri)
    if options.descriptions and options.text.backbone != NO_BACKBONE:
        test = load_labelled_texts(request.examples_uri, "test").texts
        encoder = encoder_to_train(options.text, request.base_model_uri)
        told = zero_shot(encoder, test, labels, options.descriptions, options.text.batch_size)
        save_zero_shot(test, told, request.model_uri)
    pictures, side = None, None
    if options.pictures is not None and request.picture_vectors_uri is not None:
        pictures = learn_label_pictures(
            request.examples_uri, request.picture_vectors_uri, learned, validated, classifier, request.seed
        )
    if options.pictures is not None and pictures is not None:
        pictures.save(request.model_uri)
        summary = {**summary, "pictures": pictures.report}
        side = PictureLabels(pictures.facts, load_picture_encoder(options.pictures).embedder())
    folder = os.path.join(request.model_uri, SERVING_FOLDER)
    export_classification(folder, classifier, summary, side, undisguises=options.robustness.undisguise)
    return summary


def build_classifier(
    labels: Sequence[str],
    learned: LabelledTexts,
    validated: LabelledTexts,
    options: ClassifierOptions,
    *,
    seed: int,
    log_uri: str,
    checkpoint_uri: str = "",
    unlabelled: Sequence[str] = (),
    **training: Any,
) -> BuiltClassifier:
    """Learns BERT with its head, the wide part, how much each of them counts, and what texts without labels add.

    Args:
        labels: The label vocabulary.
        learned: The training split.
        validated: The validation split.
        options: What there is to be, and how it is trained.
        seed: Of everything random.
        log_uri: Where TensorBoard's event files go.
        checkpoint_uri: Where checkpoints go; empty for none.
        unlabelled: Texts without labels, none of them in any split.
        **training: More of what `train_classifier` takes.

    Raises:
        ValueError: A split is empty, there are fewer than two labels, or neither side is to be learned.
    """
    started = time.monotonic()
    check_texts(labels, learned, validated)
    check_descriptions(options.descriptions, labels)
    described = with_descriptions(learned, labels, options.descriptions)

    def train(texts: LabelledTexts, name: str, after_pairs: bool) -> BuiltClassifier:
        places = {"log_uri": log_uri, "checkpoint_uri": checkpoint_uri}
        if name:
            # Each training has a folder of its own: a finished one is not to go on as the next.
            places = {kind: uri and os.path.join(uri, name) for kind, uri in places.items()}
        way = _after_pairs if after_pairs else _train
        return way(labels, texts, validated, options, seed=seed, **places, **training)

    if unlabelled and options.self_training.rounds and options.privacy is not None:
        raise ValueError(
            "`privacy` is given: self-training would learn from the texts more often than is counted. Set "
            "`self_training.rounds` to 0."
        )
    few = few_texts(learned, len(labels))
    built = {0: train(described, "", False)}
    pairs, of_pairs = False, {}
    if options.few_shot == "contrastive" or (options.few_shot == "auto" and few and options.found_at_once()):
        paired = train(described, "contrastive", True)
        losses = {name: each.summary["fused"]["loss"] for name, each in (("without", built[0]), ("with", paired))}
        pairs = options.few_shot == "contrastive" or losses["with"] < losses["without"]
        built[0] = paired if pairs else built[0]
        of_pairs = {"contrastive": {"loss": losses, "kept": pairs}}
    classifier, kept = built[0].classifier, 0
    of_unlabelled: dict[str, Any] = {}
    # Each round would tell more of the texts that a private training has made its promise about.
    if unlabelled and options.self_training.rounds and options.privacy is None:

        def again(texts: LabelledTexts, number: int) -> FusedClassifier:
            built[number] = train(texts, f"round_{number}", pairs)
            return built[number].classifier

        classifier, rounds = self_train(classifier, again, described, validated, unlabelled, options.self_training)
        kept = next(number for number, each in built.items() if each.classifier is classifier)
        of_unlabelled = {"self_training": {"texts": len(unlabelled), "kept": kept, "rounds": rounds}}
    summary = {**built[kept].summary, **of_pairs, **of_unlabelled}
    # It takes seconds without BERT, so that it is always done.
    if not kept and (classifier.deep is None or (few and options.found_at_once())):
        strength = summary.get("head", {}).get("inverse_regularisation", 0.0)
        classifier = refit(classifier, described, validated, options, strength)
        summary["learned_from_eval"] = True
    summary["examples"] = {**summary["examples"], "train": len(learned)}
    return BuiltClassifier(classifier, {**summary, "seconds": round(time.monotonic() - started, 1)})


def _train(
    labels: Sequence[str],
    learned: LabelledTexts,
    validated: LabelledTexts,
    options: ClassifierOptions,
    *,
    seed: int,
    log_uri: str,
    **training: Any,
) -> BuiltClassifier:
    deep, summary = None, {"examples": {"train": len(learned), "eval": len(validated)}}
    if options.text.backbone != NO_BACKBONE:
        deep, summary = train_classifier(labels, learned, validated, options, seed=seed, log_uri=log_uri, **training)
    wide = None
    if options.wide.enabled:
        wide = fit_wide(learned, validated, len(labels), options.wide, options.training.class_weights)
        if deep is None:
            _log(wide, options, seed, log_uri)
    elif deep is None:
        raise ValueError("`wide.enabled` is false, and without a backbone there is nothing else to learn.")
    classifier, of_wide = fuse(labels, deep, wide, validated)
    return BuiltClassifier(classifier, {**summary, **of_wide})


def _after_pairs(
    labels: Sequence[str],
    learned: LabelledTexts,
    validated: LabelledTexts,
    options: ClassifierOptions,
    *,
    seed: int,
    log_uri: str,
    pretrained_uri: str | None = None,
    earlier_uri: str | None = None,
    **training: Any,
) -> BuiltClassifier:
    """Trains on top of an encoder that pairs of texts have taught."""
    text = options.text.model_copy(update={"training": "full"})
    encoder = encoder_to_train(text, earlier_uri or pretrained_uri)
    teach_pairs(encoder, learned, options.contrastive, seed=seed, log_uri=os.path.join(log_uri, "pairs"))
    with tempfile.TemporaryDirectory() as folder:
        save_trained_encoder(encoder, folder)
        return _train(
            labels, learned, validated, options, seed=seed, log_uri=log_uri, pretrained_uri=folder, **training
        )


def _log(wide: WideClassifier, options: ClassifierOptions, seed: int, log_uri: str) -> None:
    """Writes the row of TensorBoard's HParams table that a training of BERT writes by itself."""
    best = BestEpoch(number=1, epochs=1, loss=wide.loss, metrics={"f1_macro": wide.f1_macro})
    write_hyperparameters(log_uri, options, seed, best)


def _unlabelled(examples_uri: str, splits: Sequence[LabelledTexts]) -> list[str]:
    """Returns the texts without labels that are in no split: those of the test would tell what is asked there."""
    found = load_unlabelled_texts(examples_uri)
    if not found:
        return []
    known = {text for split in (*splits, load_labelled_texts(examples_uri, "test")) for text in split.texts}
    return [text for text in found if text not in known]
