"""Reports of progress: who hears them, how many, and what they say."""

import threading
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from trainer import progress
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit
from trainer.fitting.softmax_model import Losses, SoftmaxModel, weighted_losses
from trainer.fitting.training_length import TrainingLength
from trainer.progress import Report, Tally, counted, listening, report_progress


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """Everything that is reported, however fast it follows."""
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN", 0.0)
    return []


def test_nobody_need_listen() -> None:
    report_progress(1, 2, "rows")
    assert list(counted("ab", "letters")) == ["a", "b"]


def test_a_listener_hears_its_block_alone(heard: list[Report]) -> None:
    outer: list[Report] = []
    with listening(outer.append):
        report_progress(1, None, "rows")
        with listening(heard.append):
            assert list(counted("ab", "letters", 2)) == ["a", "b"]
        report_progress(2, None, "rows", lambda: "so far")
    report_progress(3, None, "rows")
    assert heard == [Report(done=done, total=2, unit="letters") for done in (1, 2)]
    assert outer == [Report(done=1, total=None, unit="rows"), Report(done=2, total=None, unit="rows", note="so far")]


def test_reports_in_a_row_are_one_and_their_notes_cost_nothing() -> None:
    heard, asked = [], []
    with listening(heard.append):
        for done in range(1000):
            report_progress(done, 1000, "rows", lambda: asked.append(1) or "")
    assert len(heard) == len(asked) == 1


def test_a_tally_adds_up_over_threads(heard: list[Report]) -> None:
    tally = Tally("rows", 30)
    with listening(heard.append):
        for _ in range(3):
            thread = threading.Thread(target=tally.add, args=(10,))
            thread.start()
            thread.join()
    assert [report.done for report in heard] == [10, 20, 30]


class _AlwaysNine(SoftmaxModel):
    """A model that says 0 where 3 is right, and learns nothing."""

    def __init__(self) -> None:
        super().__init__(name="always_nine")
        self._said = self.add_weight(shape=(), initializer="zeros")

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        losses = tf.square(batch["right"] - tf.convert_to_tensor(self._said))
        return weighted_losses(losses, tf.ones_like(losses))


def test_a_fit_says_step_epoch_and_loss(heard: list[Report], tmp_path: Path) -> None:
    model = _AlwaysNine()
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=False)
    batches = tf.data.Dataset.from_tensor_slices({"right": [3.0] * 6}).batch(2)
    with listening(heard.append):
        fit(
            model,
            lambda epoch, first: batches.skip(first),
            length=TrainingLength(3, 2),
            validation=None,
            monitored=None,
            patience=2,
            log_uri=str(tmp_path),
            checkpoints=Checkpoints("", 1.0),
        )
    assert [(report.done, report.total, report.unit) for report in heard] == [
        (step, 6, "steps") for step in range(1, 7)
    ]
    assert [report.note for report in heard[::3]] == ["epoch 1 of 2, loss 9.0000", "epoch 2 of 2, loss 9.0000"]
