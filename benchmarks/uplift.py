"""Whom an e-mail moves: the uplift network beside a T-learner and a DR-learner on Hillstrom's campaign.

Run by hand: `python benchmarks/uplift.py --data DIR [--peer-python PYTHON]`. `response/hillstrom.parquet` has 64,000
customers, a third of whom got an e-mail with women's clothes, a third one with men's, a third none; the outcome is a
visit within two weeks. For each seed a half of the customers, stratified by visit and arm, is learned from, and the
other one is the test. The women's e-mail moves some customers; the men's is not known to tell any apart, and then the
model is to say so. `history_segment` is left out: it is `history`, cut.

Qini is the area between the uplift curve and the straight line, in visits a customer; uplift@30% the difference of the
rates of visits in the first 30%. Equal predictions are one step of both.

Peers (under an interpreter that has scikit-learn and lightgbm): logistic regression an arm; LightGBM on the doubly
robust score. They run on the same halves.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import typer

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.peer_process import has_module
from benchmarks.response_tables import feature_names, feature_table
from components.response.judging.uplift_summary import CONFIDENCE, told_apart_line
from trainer.metrics.uplift import RankedRows
from trainer.response.options import UpliftOptions
from trainer.response.uplift.training import train_uplift
from trainer.response.uplift.treatments import Treatments

_NUMBERS = ("recency", "history", "mens", "womens", "newbie")
_CATEGORIES = ("zip_code", "channel")
_CONTROL, _WOMEN, _MEN = "No E-Mail", "Womens E-Mail", "Mens E-Mail"
_PEERS = Path(__file__).parent / "peers" / "uplift_learners.py"
OURS = "this model"

Measured = dict[str, list[tuple[float, float]]]


def main(
    data: Annotated[Path, typer.Option(help="Folder with response/hillstrom.parquet.")],
    seeds: Annotated[int, typer.Option(min=1, help="Halves, and trainings of our model.")] = 5,
    peer_python: Annotated[
        str, typer.Option(help="Interpreter with scikit-learn and lightgbm; without them the peers are left out.")
    ] = sys.executable,
) -> None:
    """Trains on each half, and prints measures and whether anybody is told apart."""
    print_machine("tensorflow", "keras")
    frame = pd.read_parquet(data / "response" / "hillstrom.parquet")
    peers = has_module(peer_python, "lightgbm")
    figures: dict[str, float | None] = {}
    for arm in (_WOMEN, _MEN):
        measured, told_apart, seconds = _of_arm(frame, arm, range(seeds), peer_python if peers else None)
        means = {name: np.mean(values, axis=0) for name, values in measured.items()}
        for name, (qini, uplift) in means.items():
            deviation = np.std(measured[name], axis=0)
            print(
                f"{arm}, {name}: Qini {qini:.5f} (±{deviation[0]:.5f}), uplift@30% {uplift:.4f} (±{deviation[1]:.4f})"
            )
        prefix = "" if arm == _WOMEN else "men_"
        figures |= {f"{prefix}qini": means[OURS][0], f"{prefix}uplift_at_30": means[OURS][1]}
        figures |= {f"{prefix}told_apart": told_apart / seeds, f"{prefix}seconds": seconds}
        for name in ("T-learner", "DR-learner"):
            found = means.get(name, (None, None))
            label = f"{prefix}{name.replace('-', '_').lower()}"
            figures |= {f"{label}_qini": found[0], f"{label}_uplift_at_30": found[1]}
    print_figures(figures)


def _of_arm(frame: pd.DataFrame, arm: str, seeds: range, peer_python: str | None) -> tuple[Measured, int, float]:
    """Returns Qini and uplift@30% of each system and seed, how often anybody was told apart, and seconds a training."""
    rows = frame[frame["segment"].isin([arm, _CONTROL])].reset_index(drop=True)
    treated, visits = (rows["segment"] == arm).to_numpy(), rows["visit"].to_numpy(np.float64)
    measured: Measured = {}
    told_apart, seconds = 0, []
    for seed in seeds:
        train, test = _halves(2 * rows["visit"].to_numpy() + treated, seed)
        started = time.monotonic()
        predicted = {OURS: _ours(rows, arm, train, test, seed)}
        seconds.append(time.monotonic() - started)
        if peer_python is not None:
            predicted |= _peers(rows, treated, train, test, seed, peer_python)
        for name, uplift in predicted.items():
            ranked = RankedRows(uplift, visits[test], treated[test])
            measured.setdefault(name, []).append((ranked.qini(), ranked.uplift_at(0.3)))
        qini = RankedRows(predicted[OURS], visits[test], treated[test]).intervals([], seed, confidence=CONFIDENCE)[
            "qini"
        ]
        found = {"qini": qini._asdict(), "told_apart": qini.low > 0.0}
        told_apart += found["told_apart"]
        print(f"seed {seed}: {told_apart_line(arm, found)}", flush=True)
    return measured, told_apart, float(np.mean(seconds))


def _halves(strata: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows to learn from and those of the test, a half of each stratum."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(len(strata)), test_size=0.5, stratify=strata, random_state=seed)
    return train, test


def _ours(rows: pd.DataFrame, arm: str, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    learned, asked = rows.iloc[train], rows.iloc[test]
    names = feature_names(learned, _NUMBERS, _CATEGORIES, None, "visit")
    treatments = Treatments(
        names=(_CONTROL, arm),
        arm=(learned["segment"] == arm).to_numpy(np.int32),
        propensity=np.full(len(learned), 0.5, np.float32),
    )
    with tempfile.TemporaryDirectory() as logs:
        trained = train_uplift(
            names, feature_table(learned, names, learned), treatments, UpliftOptions(), seed=seed, log_uri=logs
        )
    expected = trained.uplift.expected_of(feature_table(asked, names, learned))
    return expected[:, 1] - expected[:, 0]


def _peers(
    rows: pd.DataFrame, treated: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int, python: str
) -> Mapping[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        features = rows[[*_NUMBERS, *_CATEGORIES]]
        learned = features.iloc[train].assign(treated=treated[train], outcome=rows["visit"].to_numpy()[train])
        learned.to_parquet(folder / "train.parquet")
        features.iloc[test].to_parquet(folder / "test.parquet")
        subprocess.run([python, str(_PEERS), str(folder), str(seed)], check=True, stdout=subprocess.DEVNULL)
        return {
            "T-learner": np.load(folder / "t_learner.npy"),
            "DR-learner": np.load(folder / "dr_learner.npy"),
        }


if __name__ == "__main__":
    typer.run(main)
