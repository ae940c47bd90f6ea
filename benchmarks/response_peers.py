"""What benchmarks of responses share: LightGBM in a process of its own, measures, and paired intervals."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from trainer.response.measures import area_under_curve, calibration_error, log_loss, normalised_entropy

_SCRIPT = Path(__file__).parent / "peers" / "boosted_trees.py"


def boosted(
    python: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    numbers: Sequence[str],
    categories: Sequence[str],
    outcome: str,
    valid: pd.DataFrame | None = None,
    kept_negatives: float = 1.0,
) -> np.ndarray:
    """Returns LightGBM's probabilities of the test rows, fitted under an interpreter that has it.

    Args:
        python: The interpreter.
        train: Rows to learn from.
        test: Rows to ask about.
        numbers: Numeric columns.
        categories: Categorical columns.
        outcome: The column of 0 and 1.
        valid: Rows for early stopping; None for 150 small trees, the mean of 5 seeds.
        kept_negatives: Share of the rows without the outcome that `train` and `valid` hold; odds are put right by it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = [*numbers, *categories, outcome]
        train[columns].to_parquet(folder / "train.parquet")
        test[columns].to_parquet(folder / "test.parquet")
        if valid is not None:
            valid[columns].to_parquet(folder / "valid.parquet")
        settings = {
            "numbers": list(numbers),
            "categories": list(categories),
            "outcome": outcome,
            "kept_negatives": kept_negatives,
        }
        subprocess.run([python, str(_SCRIPT), str(folder), json.dumps(settings)], check=True)
        return np.load(folder / "probabilities.npy")


def print_measures(name: str, probabilities: np.ndarray, happened: np.ndarray) -> tuple[float, float, float]:
    """Prints and returns AUC, normalised entropy and calibration error."""
    found = (
        area_under_curve(probabilities, happened),
        normalised_entropy(probabilities, happened),
        calibration_error(probabilities, happened),
    )
    print(f"{name}: AUC {found[0]:.4f}, normalised entropy {found[1]:.4f}, calibration error {found[2]:.4f}")
    return found


def paired_interval(ours: np.ndarray, peer: np.ndarray, happened: np.ndarray, name: str, resamples: int = 1000) -> None:
    """Prints the differences to a peer on the same rows, with 95% intervals of a bootstrap of the rows."""
    generator = np.random.default_rng(0)
    differences = []
    for _ in range(resamples):
        rows = generator.integers(0, len(happened), len(happened))
        differences.append(
            (
                area_under_curve(ours[rows], happened[rows]) - area_under_curve(peer[rows], happened[rows]),
                float(np.mean(log_loss(ours[rows], happened[rows]) - log_loss(peer[rows], happened[rows]))),
            )
        )
    for measure, values in zip(("AUC", "log loss"), np.array(differences).T, strict=True):
        low, high = np.quantile(values, [0.025, 0.975])
        print(f"{measure} minus that of {name}: {values.mean():+.4f} (95% interval {low:+.4f} to {high:+.4f})")
