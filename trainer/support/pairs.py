"""Trains the dual encoder, and keeps it only where it finds answers better than BERT alone."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.support.answers import Answers, Questions
from trainer.support.options import SupportOptions
from trainer.support.pair_head import PairHead
from trainer.support.pair_model import MONITORED, PairBatches, PairModel, PairValidation, Side
from trainer.text.backbone import TextEncoder, encoder_to_train, load_text_encoder

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class DualEncoder:
    """What questions and answers are encoded by.

    Attributes:
        encoder: BERT, as it was or trained.
        question_side: float32 `(dimensions, dimensions)` of the change on the questions' side; None for none.
        answer_side: Likewise for the answers.
        summary: What training.json says of it.
    """

    encoder: TextEncoder
    question_side: Vectors | None
    answer_side: Vectors | None
    summary: dict[str, Any]

    @property
    def trained(self) -> bool:
        """Whether it has learned anything from the questions."""
        return bool(self.summary["trained"])

    def on_answer_side(self, encoded: Vectors) -> Vectors:
        """Returns the encoder's vectors of answers as questions are compared with them."""
        return _changed(encoded, self.answer_side)

    def on_question_side(self, encoded: Vectors) -> Vectors:
        """Returns the encoder's vectors of questions as they are compared with answers."""
        return _changed(encoded, self.question_side)


def train_pairs(
    answers: Answers,
    learned: Questions,
    validated: Questions,
    options: SupportOptions,
    *,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
) -> DualEncoder:
    """Trains on questions and their answers.

    BERT stays as it is, and so do its vectors, where there are fewer pairs than `training.min_pairs` or none to
    validate on; and where no epoch finds the eval questions' answers better than BERT alone does.

    Args:
        answers: All answers.
        learned: The training questions.
        validated: The eval questions.
        options: How to train.
        seed: Of order, negatives and dropout.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        checkpoint_uri: Where checkpoints go; empty for none.
    """
    training, text = options.training, options.text
    if len(learned) < training.min_pairs or not len(validated):
        return _untrained(load_text_encoder(text), {"pairs": len(learned)})
    keras.utils.set_random_seed(seed)
    texts = sorted(set(learned.texts))
    place = {each: row for row, each in enumerate(texts)}
    rows = np.array([place[each] for each in learned.texts], np.int32)
    batches = PairBatches(rows, learned.answers, training, seed)
    length = training_length(batches.steps, training.max_epochs, most_steps)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        encoder = encoder_to_train(text)
        head = None
        if text.training == "frozen":
            head = PairHead(dimensions=encoder.dimensions, dropout=training.dropout)
        questions = Side(encoder, head, texts, text.batch_size, answers=False)
        answered = Side(encoder, head, answers.texts, text.batch_size, answers=True)
        model = PairModel(encoder, head, questions, answered, training.temperature)
        schedule = warm_up_and_decay(training.learning_rate, length.all_steps)
        model.compile(optimizer=adamw(schedule, weight_decay=training.weight_decay), jit_compile=False)
    asked = Side(encoder, head, validated.texts, text.batch_size, answers=False)
    validation = PairValidation((questions, answered), asked, validated.answers, batches)
    before = validation.judge(0, last=False)
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
    summary = {**best.summary, "pairs": len(learned), "before": before, "hardware": hardware._asdict()}
    if best.metrics[MONITORED] <= before[MONITORED]:
        return _untrained(load_text_encoder(text), summary)
    sides = (None, None) if head is None else (head.question_side.kernel.numpy(), head.answer_side.kernel.numpy())
    return DualEncoder(
        encoder=encoder, question_side=sides[0], answer_side=sides[1], summary={**summary, "trained": True}
    )


def _untrained(encoder: TextEncoder, summary: dict[str, Any]) -> DualEncoder:
    return DualEncoder(encoder=encoder, question_side=None, answer_side=None, summary={**summary, "trained": False})


def _changed(encoded: Vectors, side: Vectors | None) -> Vectors:
    if side is None or not len(encoded):
        return encoded
    changed = encoded + encoded @ side
    found: Vectors = (changed / np.maximum(np.linalg.norm(changed, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return found
