"""A small training of each kind, in this process or in others: killed at a step, or one of several workers.

`python -m tests.trainer.fitting.small_trainings KIND,KIND… FOLDER BERT STEPS DROPOUT` writes `losses.json` and
`weights.npz` into FOLDER/KIND; where STEPS is not 0, it kills itself after so many steps.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from trainer.workers.worker_group import worker_group

ROOT = Path(__file__).parents[3]
SEED = 3


def classification(folder: Path, bert: Path, dropout: float) -> None:
    from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
    from trainer.classification.training import train_classifier

    chosen = options(bert, "frozen", units=8, epochs=3, class_weights="balanced", checkpoint_minutes=0.0)
    chosen = chosen.model_copy(update={"head": chosen.head.model_copy(update={"dropout": dropout})})
    texts = made_texts(100, 1, numbers=2), made_texts(40, 2, numbers=2)
    places = {"log_uri": str(folder / "log"), "checkpoint_uri": str(folder / "checkpoints")}
    train_classifier(LABELS, *texts, chosen, seed=SEED, **places)


def fine_tuning(folder: Path, bert: Path, dropout: float) -> None:
    from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
    from trainer.classification.training import train_classifier

    chosen = options(bert, "full", epochs=2, checkpoint_minutes=0.0)
    chosen = chosen.model_copy(update={"head": chosen.head.model_copy(update={"dropout": dropout})})
    texts = made_texts(80, 1), made_texts(40, 2)
    places = {"log_uri": str(folder / "log"), "checkpoint_uri": str(folder / "checkpoints")}
    train_classifier(LABELS, *texts, chosen, seed=SEED, **places)


def search(folder: Path, bert: Path, dropout: float, training: str = "frozen") -> None:
    from tests.trainer.search.tiny_search import write_tiny_search
    from trainer.search.options import SearchOptions, SearchTrainingOptions
    from trainer.search.training import run

    del dropout  # There is none.
    shop = write_tiny_search(folder / "shop", bert)
    chosen = SearchTrainingOptions(
        batch_size=15, hard_negatives=2, mined_from=3, mined_to=12, max_epochs=3, query_layers=0, checkpoint_minutes=0.0
    )
    options = SearchOptions(text=shop.text(training), training=chosen)
    request = shop.request(folder, options.model_dump_json(), seed=SEED)
    run(replace(request, checkpoint_uri=str(folder / "checkpoints")))


def search_full(folder: Path, bert: Path, dropout: float) -> None:
    search(folder, bert, dropout, "full")


def towers(folder: Path, bert: Path, dropout: float, compared: int = 30_000, live: bool = False) -> None:
    from tests.trainer.recommendation.tiny_shop import write_tiny_shop
    from trainer.options import TextOptions
    from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
    from trainer.recommendation.training import train

    # 81 windows make five batches of 16, and one of a single window, of which a second worker gets nothing.
    shop = write_tiny_shop(folder / "shop", users=81)
    options = TwoTowerOptions(
        text=TextOptions(backbone=str(bert), training="full", sequence_length=8) if live else TextOptions(),
        tower=TowerOptions(dimensions=16, layers=1, heads=2, dropout=dropout, history=12),
        training=TrainingOptions(
            batch_size=16, max_epochs=2, compared_products=compared, learning_rate=1e-2, checkpoint_minutes=0.0
        ),
    )
    request = shop.request(folder, options.model_dump_json(), seed=SEED, text=not live)
    train(replace(request, checkpoint_uri=str(folder / "checkpoints")))


def towers_sampled(folder: Path, bert: Path, dropout: float) -> None:
    towers(folder, bert, dropout, compared=5)


def towers_live(folder: Path, bert: Path, dropout: float) -> None:
    towers(folder, bert, dropout, live=True)


def ranker(folder: Path, bert: Path, dropout: float) -> None:
    from tests.trainer.recommendation.ranker.test_training import NAMES, planted
    from trainer.fitting.checkpoints import Checkpoints
    from trainer.recommendation.options import RankerOptions
    from trainer.recommendation.ranker.scorer import RankerScorer
    from trainer.recommendation.ranker.scorer_training import train_scorer

    keras.utils.set_random_seed(SEED)
    # 200 baskets make six batches of 33, and one of two.
    options = RankerOptions(units=8, max_epochs=3, learning_rate=0.02, batch_size=33, checkpoint_minutes=0.0)
    scorer = RankerScorer(units=8, features=NAMES, networks=2)
    checkpoints = Checkpoints(str(folder / "checkpoints"), 0.0)
    train_scorer(scorer, planted(0), planted(1), options, str(folder / "log"), seed=SEED, checkpoints=checkpoints)


def pretraining(folder: Path, bert: Path, dropout: float) -> None:
    from tests.trainer.classification.tiny_classifier import made_texts
    from trainer.options import TextOptions
    from trainer.pretraining.masked_language import pretrain
    from trainer.pretraining.options import PretrainingOptions
    from trainer.text.backbone import load_text_encoder

    encoder = load_text_encoder(TextOptions(backbone=str(bert), training="full", sequence_length=16))
    encoder.backbone.trainable = True
    texts = made_texts(30, 1).texts, made_texts(10, 2).texts
    options = PretrainingOptions(batch_size=8, checkpoint_minutes=0.0)
    places = {"log_uri": str(folder / "log"), "checkpoint_uri": str(folder / "checkpoints")}
    pretrain(encoder, *texts, 40, options, seed=SEED, **places)


Training = Callable[[Path, Path, float], None]
TRAININGS: dict[str, tuple[str, Training]] = {
    "classification": ("trainer.classification.training", classification),
    "fine_tuning": ("trainer.classification.training", fine_tuning),
    "search": ("trainer.search.training", search),
    "search_full": ("trainer.search.training", search_full),
    "towers": ("trainer.recommendation.training", towers),
    "towers_sampled": ("trainer.recommendation.training", towers_sampled),
    "towers_live": ("trainer.recommendation.training", towers_live),
    "ranker": ("trainer.recommendation.ranker.scorer_training", ranker),
    "pretraining": ("trainer.pretraining.masked_language", pretraining),
}


class Trained:
    """What a training came to.

    Attributes:
        losses: The loss of each epoch.
        weights: The model's weights.
        steps: Steps that were made in this process.
    """

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.weights: list[np.ndarray] = []
        self.steps = 0

    def write(self, folder: Path) -> None:
        """Leaves it in a folder."""
        (folder / "losses.json").write_text(json.dumps({"losses": self.losses, "steps": self.steps}))
        np.savez(folder / "weights.npz", *self.weights)


def read_trained(folder: Path) -> Trained:
    """Reads what a process has left in a folder."""
    found = Trained()
    vars(found).update(json.loads((folder / "losses.json").read_text()))
    with np.load(folder / "weights.npz") as weights:
        found.weights = [weights[name] for name in weights.files]
    return found


def train_here(kind: str, folder: Path, bert: Path, dropout: float = 0.0) -> Trained:
    """Trains in this process."""
    import importlib

    from trainer.fitting.training_steps import TrainingSteps

    name, training = TRAININGS[kind]
    module: ModuleType = importlib.import_module(name)
    found = Trained()
    fit, losses = module.fit, TrainingSteps.losses

    def noted(model: Any, *arguments: Any, **options: Any) -> Any:
        best = fit(model, *arguments, **options)
        found.losses = [epoch["loss"] for epoch in best.of_epochs]
        found.weights = model.get_weights()
        return best

    def counted(self: Any, *arguments: Any) -> Any:
        for loss in losses(self, *arguments):
            found.steps += 1
            yield loss

    module.fit, TrainingSteps.losses = noted, counted
    try:
        folder.mkdir(parents=True, exist_ok=True)
        training(folder, bert, dropout)
    finally:
        module.fit, TrainingSteps.losses = fit, losses
    return found


def command(kinds: str, folder: Path, bert: Path, *, die_after: int = 0, dropout: float = 0.0) -> list[str]:
    """Returns the command of a process that trains into a folder."""
    values = (kinds, folder, bert, die_after, dropout)
    return [sys.executable, "-m", "tests.trainer.fitting.small_trainings", *map(str, values)]


def start_workers(commands: Sequence[list[str]]) -> list[subprocess.Popen[str]]:
    """Starts processes that train together."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in commands]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    started = []
    for place, each in enumerate(commands):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": place}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(config)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(each, cwd=ROOT, env=environment, **pipes))
    return started


def finish_workers(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Waits for all; what the first one that failed has written is the error's text."""
    try:
        for process in processes:
            output, _ = process.communicate(timeout=600)
            assert process.returncode == 0, output[-3000:]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def main() -> None:
    kinds, folder, bert, die_after, dropout = sys.argv[1:]
    group = worker_group()
    if int(die_after):
        from trainer.fitting.training_steps import TrainingSteps

        losses = TrainingSteps.losses

        def killed(self: Any, *arguments: Any) -> Any:
            for loss in losses(self, *arguments):
                yield loss
                # The checkpoint of the step is written.
                killed.steps += 1
                if killed.steps == int(die_after):
                    os.kill(os.getpid(), signal.SIGKILL)

        killed.steps = 0
        TrainingSteps.losses = killed
    for each in kinds.split(","):
        found = train_here(each, Path(folder, each), Path(bert), float(dropout))
        if group.is_chief:
            found.write(Path(folder, each))


if __name__ == "__main__":
    main()
