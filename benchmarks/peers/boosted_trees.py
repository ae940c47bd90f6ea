"""LightGBM on two tables: `boosted_trees.py FOLDER SETTINGS` writes probabilities.npy; nothing of Shelfwise is here."""

import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

_SMALL = {
    "n_estimators": 150,
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_child_samples": 40,
    "subsample": 0.7,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
    "reg_lambda": 5.0,
}
_LARGE = {"n_estimators": 2000, "learning_rate": 0.05, "num_leaves": 63, "min_child_samples": 100, "subsample": 0.8}


def main(folder: Path, settings: dict) -> None:
    """Fits to train.parquet, with early stopping where there is a valid.parquet, and asks about test.parquet."""
    train, test = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test"))
    inputs = [*settings["numbers"], *settings["categories"]]
    values = {name: train[name].astype("category").cat.categories for name in settings["categories"]}

    def matrix(frame: pd.DataFrame) -> pd.DataFrame:
        found = frame[inputs].copy()
        for name, categories in values.items():
            found[name] = pd.Categorical(found[name], categories=categories)
        return found

    outcome = settings["outcome"]
    valid_file = folder / "valid.parquet"
    if valid_file.exists():
        valid = pd.read_parquet(valid_file)
        model = lightgbm.LGBMClassifier(**_LARGE, subsample_freq=1, verbose=-1, random_state=0)
        stopping = lightgbm.early_stopping(50, verbose=False)
        model.fit(matrix(train), train[outcome], eval_set=[(matrix(valid), valid[outcome])], callbacks=[stopping])
        found = model.predict_proba(matrix(test))[:, 1]
        # Odds were learned from a share of the negatives, as was the stopping.
        odds = settings["kept_negatives"] * found / (1.0 - found)
        found = odds / (1.0 + odds)
    else:
        models = [lightgbm.LGBMClassifier(**_SMALL, verbose=-1, random_state=seed) for seed in range(5)]
        found = np.mean(
            [each.fit(matrix(train), train[outcome]).predict_proba(matrix(test))[:, 1] for each in models], 0
        )
    print(f"lightgbm {lightgbm.__version__}", flush=True)
    np.save(folder / "probabilities.npy", found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
