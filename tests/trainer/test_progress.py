"""Reports of progress: who hears them, how many, and what they say."""

import threading

import keras
import numpy as np
import pytest

from trainer import progress
from trainer.fitting.fit_progress import FitProgress
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


def test_a_fit_says_step_epoch_and_loss(heard: list[Report]) -> None:
    model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    with listening(heard.append):
        model.fit(np.ones((6, 2)), np.full((6, 1), 3.0), batch_size=2, epochs=2, verbose=0, callbacks=[FitProgress()])
    assert [(report.done, report.total, report.unit) for report in heard] == [
        (step, 6, "steps") for step in range(1, 7)
    ]
    # A model that says 0 where 3 is right is wrong by 9.
    assert [report.note for report in heard[::3]] == ["epoch 1 of 2, loss 9.0000", "epoch 2 of 2, loss 9.0000"]
