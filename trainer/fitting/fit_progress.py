"""Where a fit is: step, epoch and loss."""

from typing import Any

import keras

from trainer.progress import report_progress


class FitProgress(keras.callbacks.Callback):
    """Reports each step of a fit; the epochs are the most there will be, as a fit may stop early."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        steps, epochs = self.params.get("steps"), self.params["epochs"]
        epoch = f"epoch {self._epoch + 1} of {epochs}"

        def note() -> str:
            # A loss is fetched from where it was computed only when somebody hears of it.
            return epoch if logs is None or "loss" not in logs else f"{epoch}, loss {float(logs['loss']):.4f}"

        done = batch + 1 if steps is None else self._epoch * steps + batch + 1
        report_progress(done, None if steps is None else steps * epochs, "steps", note)
