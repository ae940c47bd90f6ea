"""The dual encoder's loss against NumPy, and the negatives that it is given."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer.options import TextOptions
from trainer.support.answers import Answers, Questions
from trainer.support.options import PairTrainingOptions, SupportOptions
from trainer.support.pair_head import PairHead
from trainer.support.pair_model import PairBatches, PairModel, Side, answer_ranks
from trainer.support.pairs import train_pairs
from trainer.text.backbone import encode_texts, load_text_encoder

QUESTIONS = ["red milk", "milk", "green tea", "tea"]
ANSWERS = ["big milk", "small tea", "coffee"]


def test_the_loss_goes_both_ways_without_equal_answers(tiny_bert: Path) -> None:
    encoder = load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=8))
    head = PairHead(dimensions=encoder.dimensions)
    for layer in (head.question_side, head.answer_side):
        layer.kernel.assign(0.1 * np.random.default_rng(0).normal(size=layer.kernel.shape))
    questions = Side(encoder, head, QUESTIONS, 4, answers=False)
    answers = Side(encoder, head, ANSWERS, 4, answers=True)
    model = PairModel(encoder, head, questions, answers, 0.5)
    batch = {
        "question": tf.constant([0, 1, 2]),
        "answer": tf.constant([0, 0, 1]),
        "negatives": tf.constant([[1], [2], [2]]),
    }
    total, weight = model.losses_of(batch, training=False)
    asked, columns = [0, 1, 2], [0, 0, 1, 1, 2, 2]
    scores = questions.vectors()[asked] @ answers.vectors()[columns].T / 0.5
    owners = [0, 0, 1]
    expected = 0.0
    for row in range(3):
        kept = [column for column in range(6) if column == row or columns[column] != owners[row]]
        expected += np.log(np.exp(scores[row, kept]).sum()) - scores[row, row]
        kept = [other for other in range(3) if other == row or owners[other] != owners[row]]
        expected += np.log(np.exp(scores[kept, row]).sum()) - scores[row, row]
    np.testing.assert_allclose(float(total), expected, rtol=1e-4)
    assert float(weight) == 3.0


def test_bert_itself_is_trained_and_kept_where_answers_are_found_better(tiny_bert: Path, tmp_path: Path) -> None:
    questions = Questions(texts=QUESTIONS * 2, answers=np.array([2, 2, 0, 0] * 2, np.int32))
    options = SupportOptions(
        text=TextOptions(backbone=str(tiny_bert), sequence_length=8, training="full"),
        training=PairTrainingOptions(batch_size=8, max_epochs=8, patience=8, learning_rate=1e-2, min_pairs=1),
    )
    answers = Answers.of_texts(ANSWERS)
    dual = train_pairs(answers, questions, questions, options, seed=0, log_uri=str(tmp_path))
    assert dual.trained
    assert dual.question_side is None
    assert dual.summary["eval"]["mrr"] > dual.summary["before"]["mrr"]
    vectors = encode_texts(dual.encoder, [*QUESTIONS, *ANSWERS], 8)
    ranks = answer_ranks(vectors[:4], vectors[4:], questions.answers[:4])
    np.testing.assert_allclose((1.0 / ranks).mean(), dual.summary["eval"]["mrr"])
    few = options.model_copy(update={"training": PairTrainingOptions(min_pairs=9)})
    assert not train_pairs(answers, questions, questions, few, seed=0, log_uri=str(tmp_path)).trained


def test_negatives_are_near_and_never_the_questions_own() -> None:
    random = np.random.default_rng(0)
    questions, answers = random.normal(size=(30, 4)).astype(np.float32), random.normal(size=(12, 4)).astype(np.float32)
    rows, owners = np.arange(30, dtype=np.int32), random.integers(12, size=30).astype(np.int32)
    options = PairTrainingOptions(batch_size=8, hard_negatives=2, mined_to=5)
    batches = PairBatches(rows, owners, options, seed=0)
    batches.mine(questions, answers)
    seen = 0
    for batch in batches.epoch(0, 0).as_numpy_iterator():
        for question, answer, negatives in zip(
            *(batch[name] for name in ("question", "answer", "negatives")), strict=True
        ):
            near = set(np.argsort(-(questions[question] @ answers.T))[:6].tolist())
            assert set(negatives.tolist()) <= near - {answer}
            assert answer == owners[question]
            seen += 1
    assert seen == 30
    rest = sum(len(batch["question"]) for batch in batches.epoch(0, 2).as_numpy_iterator())
    assert rest == 30 - 16


def test_ranks_count_better_answers() -> None:
    random = np.random.default_rng(2)
    questions, answers = random.normal(size=(600, 5)).astype(np.float32), random.normal(size=(40, 5)).astype(np.float32)
    expected = random.integers(40, size=600).astype(np.int32)
    order = np.argsort(-(questions @ answers.T), axis=1)
    np.testing.assert_array_equal(
        answer_ranks(questions, answers, expected), 1 + (order == expected[:, np.newaxis]).argmax(axis=1)
    )
