"""Trains the item tower and the user tower on task examples, and the linear model that stands beside them."""

import dataclasses
import math
import time
from typing import Any, NamedTuple

import keras

from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit, parameter_count
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.softmax_model import SoftmaxModel
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import training_summary
from trainer.options import TextOptions
from trainer.privacy.accounting import privacy_summary
from trainer.privacy.model import PrivateModel
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.judged_users import load_judged_users
from trainer.recommendation.linear_weight import weigh_linear_part
from trainer.recommendation.options import TwoTowerOptions
from trainer.recommendation.pictures import product_looks, weigh_pictures
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_vectors import item_vectors
from trainer.recommendation.towers.linear_item_vectors import linear_item_vectors
from trainer.recommendation.towers.live_text import LiveTexts
from trainer.recommendation.towers.model import TwoTower
from trainer.recommendation.towers.optimizer import towers_optimizer
from trainer.recommendation.towers.projector import write_projector
from trainer.recommendation.towers.towers import Towers, build_towers, save_towers
from trainer.recommendation.towers.warm_start import take_over
from trainer.recommendation.training_windows import count_windows, private_windows, window_batches
from trainer.recommendation.validation import RankingValidation, monitored_metric
from trainer.text.backbone import TextEncoder, encoder_to_train

# Ranking the catalogue for all users after each epoch could take longer than the epoch.
VALIDATED_USERS = 5_000
# Histories that the linear model is learned from at the most: they are held in memory.
LINEAR_USERS = 20_000
# Users that tell how much the linear model weighs.
WEIGHED_USERS = 2_000
_COVERED = (
    "weights of the towers; what users did in the period of validation chose the epoch, and ranker, neighbours, "
    "popularity and rules are learned from everybody"
)


class TrainedTowers(NamedTuple):
    """Towers with the weights of the best epoch, and what happened on the way.

    Attributes:
        towers: The towers; with the text encoder, if it was trained.
        summary: What training.json holds.
    """

    towers: Towers
    summary: dict[str, Any]


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts and writes the towers; the ModelTrainer component calls it.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    trained = train(request)
    save_towers(trained.towers, request.model_uri)
    return trained.summary


def train(request: TrainingRequest) -> TrainedTowers:
    """Trains on a request's artifacts; writes nothing but what TensorBoard shows, under `request.log_uri`.

    That is loss, learning rate and metrics by epoch, the first two also by step, the options beside the metrics of
    the best epoch, and the product vectors with their titles.

    The best epoch is the one in which the towers, without the linear model, have the highest NDCG@10 over the whole
    catalogue in the eval split, of products that are new to the user. Without users to judge it is the last one. The
    same users then tell how much the linear model weighs.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    started = time.monotonic()
    options = TwoTowerOptions.model_validate_json(request.options_json)
    keras.utils.set_random_seed(request.seed)
    with chosen_hardware(options.training.strategy, options.training.precision) as hardware:
        encoder, live_texts = _live_texts(options.text, request.catalogue_uri)
        items = load_items(
            request.catalogue_uri,
            request.transformed_products_uri,
            request.text_vectors_uri if live_texts is None and options.text is not None else None,
        )
        if live_texts is not None:
            items = dataclasses.replace(items, text_vectors=live_texts.product_vectors())
        looks = product_looks(request.catalogue_uri, request.picture_vectors_uri, request.seed)
        items = dataclasses.replace(items, looks=looks)
        counts = count_windows(request.examples_uri, len(items))
        if counts.longest > options.tower.history:
            raise ValueError(
                f"`tower.history` should be the length that the windows were cut to. Received {options.tower.history} "
                f"and a window of {counts.longest} events: make the examples with the same option."
            )
        event_types = len(load_catalogue_facts(request.catalogue_uri)["event_types"])
        histories = load_judged_users(request.examples_uri, "eval", LINEAR_USERS)
        towers = build_towers(options.tower, items, event_types)._replace(
            linear_vectors=linear_item_vectors(histories, len(items), options.tower.linear_dimensions, request.seed),
            text_encoder=encoder,
        )
        taken_over = None
        if request.earlier is not None:
            options = _of_update(options)
            taken_over = take_over(towers, items, request.catalogue_uri, request.earlier)
            if live_texts is not None:
                live_texts.refresh()
        model: SoftmaxModel = TwoTower(towers, items, counts.targets, options.training, request.seed, live_texts)
        batches, epochs = math.ceil(counts.windows / options.training.batch_size), None
        if options.privacy is not None:
            _check_private(options, request, len(items))
            sampled = private_windows(request.examples_uri, options.training.batch_size)
            pairs = sampled.size * counts.pairs / sampled.units
            model = PrivateModel(model, privacy=options.privacy, expected=pairs)
            batches, epochs = sampled.steps, sampled.epoch
        length = training_length(batches, options.training.max_epochs, request.steps)
        optimizer = towers_optimizer(options.training, length, hardware.replicas)
        model.compile(optimizer=optimizer, jit_compile=False)
    users = load_judged_users(request.examples_uri, "eval", VALIDATED_USERS)
    best = fit(
        model,
        epochs or window_batches(request.examples_uri, options.training.batch_size, request.seed),
        length=length,
        # The towers' own part alone: what it learns is not to hide behind the linear model.
        validation=RankingValidation(_own_part(towers), lambda: _current_items(items, live_texts), users),
        monitored=monitored_metric(users),
        patience=options.training.patience,
        log_uri=request.log_uri,
        checkpoints=Checkpoints(request.checkpoint_uri, options.training.checkpoint_minutes),
        after_epoch=None if live_texts is None else live_texts.refresh,
    )
    if live_texts is not None and best.number < best.epochs:
        # The table is of the last epoch, the weights are those of the best one again.
        live_texts.refresh()
    pictures = weigh_pictures(_own_part(towers), _current_items(items, live_texts), users)
    towers, linear_weight = weigh_linear_part(towers, _current_items(items, live_texts), users.rows(0, WEIGHED_USERS))
    vectors = item_vectors(towers, _current_items(items, live_texts))
    write_hyperparameters(request.log_uri, options, request.seed, best)
    write_projector(request.log_uri, load_catalogue(request.catalogue_uri), vectors)
    private = {}
    if options.privacy is not None:
        steps = best.epochs * length.steps
        private = {"privacy": privacy_summary(options.privacy, sampled, steps, unit="user", covers=_COVERED)}
    summary = training_summary(
        best,
        hardware,
        started,
        parameters=parameter_count(model.trainable_variables),
        examples={"train": counts.windows, "pairs": counts.pairs},
        linear_weight=linear_weight,
        **({} if taken_over is None else {"update": taken_over._asdict()}),
        **({} if pictures is None else {"pictures": pictures}),
        **private,
    )
    return TrainedTowers(towers, summary)


def _check_private(options: TwoTowerOptions, request: TrainingRequest, products: int) -> None:
    """Refuses what would learn from users beside the steps that are counted, or from several of them together.

    Raises:
        ValueError: Something does.
    """
    wrong = None
    if options.training.compared_products < products:
        wrong = (
            f"products are told from the whole catalogue, so that no user tells of others; set "
            f"`training.compared_products` to {products} or more"
        )
    elif options.text is not None and options.text.training != "frozen":
        wrong = "the encoder is not trained privately; set `text.training` to frozen"
    elif request.earlier is not None:
        wrong = "an update would add to what was told of a user before; run `shelfwise run` instead"
    if wrong is not None:
        raise ValueError(f"`privacy` is given: {wrong}.")


def _of_update(options: TwoTowerOptions) -> TwoTowerOptions:
    """Returns the options of a training that goes on: fewer passes, and smaller steps."""
    training, update = options.training, options.update
    shorter = {
        "max_epochs": min(training.max_epochs, update.max_epochs),
        "learning_rate": training.learning_rate * update.learning_rate,
    }
    return options.model_copy(update={"training": training.model_copy(update=shorter)})


def _own_part(towers: Towers) -> Towers:
    return towers._replace(linear_vectors=towers.linear_vectors[:, :0])


def _live_texts(options: TextOptions | None, catalogue_uri: str) -> tuple[TextEncoder | None, LiveTexts | None]:
    """Loads the encoder and the catalogue's texts where the backbone is trained."""
    if options is None or options.training == "frozen":
        return None, None
    encoder = encoder_to_train(options)
    texts: list[str] = load_catalogue(catalogue_uri).column("text").to_pylist()
    return encoder, LiveTexts(encoder, texts)


def _current_items(items: ItemFeatures, live_texts: LiveTexts | None) -> ItemFeatures:
    return items if live_texts is None else dataclasses.replace(items, text_vectors=live_texts.product_vectors())
