"""T-learner and DR-learner: `uplift_learners.py FOLDER SEED` writes t_learner.npy and dr_learner.npy.

FOLDER has train.parquet, with the columns treated and outcome, and test.parquet; all other columns are features. The
T-learner has a logistic regression an arm. The DR-learner regresses the doubly robust score with LightGBM, the nuisance
models being those of other folds (Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal effects").
Nothing of Shelfwise is here.
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

_FOLDS = 5
_OUTCOME = {"n_estimators": 100, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 100}
_UPLIFT = {"n_estimators": 100, "learning_rate": 0.03, "num_leaves": 7, "min_child_samples": 100}


def main(folder: Path, seed: int) -> None:
    """Fits both to train.parquet, and asks about test.parquet."""
    train, test = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test"))
    treated, outcome = train.pop("treated").to_numpy(bool), train.pop("outcome").to_numpy(float)
    share = treated.mean()
    columns = pd.get_dummies(pd.concat([train, test]), dtype=float)
    learned, asked = columns.iloc[: len(train)].to_numpy(), columns.iloc[len(train) :].to_numpy()

    scaler = StandardScaler().fit(learned)
    arms = [
        LogisticRegression(max_iter=1000)
        .fit(scaler.transform(learned[arm]), outcome[arm])
        .predict_proba(scaler.transform(asked))[:, 1]
        for arm in (treated, ~treated)
    ]
    np.save(folder / "t_learner.npy", arms[0] - arms[1])

    expected = np.zeros((len(train), 2))
    fold = np.random.default_rng(seed).integers(_FOLDS, size=len(train))
    for number in range(_FOLDS):
        for place, arm in enumerate((~treated, treated)):
            rows = (fold != number) & arm
            model = lightgbm.LGBMClassifier(**_OUTCOME, random_state=seed, n_jobs=1, verbose=-1)
            model.fit(learned[rows], outcome[rows])
            expected[fold == number, place] = model.predict_proba(learned[fold == number])[:, 1]
    surprise = np.where(treated, (outcome - expected[:, 1]) / share, -(outcome - expected[:, 0]) / (1.0 - share))
    score = expected[:, 1] - expected[:, 0] + surprise
    model = lightgbm.LGBMRegressor(**_UPLIFT, random_state=seed, n_jobs=1, verbose=-1).fit(learned, score)
    np.save(folder / "dr_learner.npy", model.predict(asked))
    print(f"lightgbm {lightgbm.__version__}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
