"""Which values to try next, by KerasTuner."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras_tuner

from tfx_pipeline.summary.study import Value
from tfx_pipeline.tasks.tuned_option import Method, TunedOption

Values = dict[str, Value]

# The one tuner that asks, and what KerasTuner calls the epochs of a trial of Hyperband.
_TUNER, _EPOCHS = "tuner", "tuner/epochs"
_SCORE, _COMPLETED, _RUNNING = "score", "COMPLETED", "RUNNING"
# So many trials are drawn at random before any is chosen by what others came to.
_RANDOM_TRIALS = 4
_MOST_EPOCHS = 20


class Proposals:
    """Proposes trials one after another, each by what those before it came to.

    The same seed and the same scores give the same trials: so a study that was killed is gone through again from its
    beginning, its finished trials with the scores that were noted.

    Args:
        options: What is searched.
        trials: How many trials there will be.
        method: `bayesian` (Gaussian process), or `hyperband`, which gives many trials few epochs and the best more.
        epochs_key: The option that says how many epochs a trial has; Hyperband sets it.
        seed: Of the draws.
        folder: Where KerasTuner's own files go; nothing of them is read.
    """

    def __init__(
        self,
        options: Sequence[TunedOption],
        trials: int,
        method: Method,
        *,
        epochs_key: str | None,
        seed: int,
        folder: Path,
    ) -> None:
        self._names = {option.key for option in options}
        self._epochs_key = epochs_key
        space, objective = _space(options), keras_tuner.Objective(_SCORE, "max")
        # KerasTuner takes a seed of 0 for none.
        if method == "hyperband":
            self._oracle: Any = keras_tuner.oracles.HyperbandOracle(
                objective, max_epochs=_MOST_EPOCHS, hyperparameters=space, seed=seed + 1
            )
        else:
            self._oracle = keras_tuner.oracles.BayesianOptimizationOracle(
                objective,
                max_trials=trials,
                num_initial_points=min(_RANDOM_TRIALS, trials),
                hyperparameters=space,
                seed=seed + 1,
            )
        self._oracle.verbose = 0
        # An oracle without a tuner has no public way to say where its files go.
        self._oracle._set_project_dir(str(folder), "keras_tuner")
        self._trial: Any = None

    def next(self) -> Values | None:
        """Returns the values of the next trial; None where there is nothing left to try."""
        self._trial = self._oracle.create_trial(_TUNER)
        if self._trial.status != _RUNNING:
            return None
        found = self._trial.hyperparameters.values
        values: Values = {key: value for key, value in found.items() if key in self._names}
        if self._epochs_key is not None and _EPOCHS in found:
            values[self._epochs_key] = found[_EPOCHS]
        return values

    def tell(self, score: float | None) -> None:
        """Says what the trial came to that was proposed last; None for one that failed."""
        if score is None:
            self._trial.status = "FAILED"
        else:
            self._oracle.update_trial(self._trial.trial_id, {_SCORE: score})
            self._trial.status = _COMPLETED
        self._oracle.end_trial(self._trial)


def _space(options: Sequence[TunedOption]) -> Any:
    space = keras_tuner.HyperParameters()
    for option in options:
        if option.choices:
            # KerasTuner holds choices of one type that it can order.
            space.Choice(option.key, list(option.choices), ordered=False)
        else:
            sampling = "log" if option.logarithmic else "linear"
            space.Float(option.key, option.low, option.high, sampling=sampling)
    return space
