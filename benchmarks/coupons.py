"""Who redeems a coupon of a campaign: the response model beside logistic regression, LightGBM and their mean.

Run by hand: `python benchmarks/coupons.py --data DIR [--peer-python PYTHON]`. DIR has `response/cj_coupon.parquet`:
households that received a campaign, with features from before it began; the five campaigns after 1 September are the
test. LightGBM runs under an interpreter that has it, scikit-learn under this one. What the household made of earlier
campaigns of the same type is counted from the table itself, up to the day on which a campaign begins.

Peers: scikit-learn's logistic regression (C=.01, standardised logarithms); lightgbm's LGBMClassifier, mean of 5 seeds.
"""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.peer_process import has_module
from benchmarks.response_peers import boosted, paired_interval, print_measures
from benchmarks.response_tables import feature_names, feature_table
from trainer.response.fitting import predicted_probabilities, train_response
from trainer.response.options import ResponseNetworkOptions, ResponseOptions, ResponseTrainingOptions

_COUNTS = (
    "coupon_lines_12w",
    "target_product_lines",
    "target_category_spend",
    "past_redemptions",
    "past_redeemed_campaigns",
    "past_campaigns",
    "trips_4w",
    "spend_4w",
    "trips_12w",
    "spend_12w",
    "n_products_12w",
    "coupon_disc_12w",
)
_NUMBERS = (
    *_COUNTS,
    "recency",
    "retail_disc_share",
    "target_category_share",
    "past_rate",
    "n_coupons",
    "n_coupon_products",
    "duration",
)
_OF_TYPE = ("past_campaigns_of_type", "past_redeemed_of_type")
_CATEGORIES = (
    "campaign_type",
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)
# What still ran when the test began says too little to validate by.
_LAST_PERIOD, _TEST_START = pd.Timestamp("2017-05-01"), pd.Timestamp("2017-09-01")
OPTIONS = ResponseOptions(
    network=ResponseNetworkOptions(networks=2, units=32, cross_layers=0, embedding=4, item_embedding=0, dropout=0.3),
    training=ResponseTrainingOptions(
        max_epochs=25, patience=8, batch_size=128, learning_rate=5e-3, penalty=20.0, wide_penalty=40.0
    ),
)


def main(
    data: Annotated[Path, typer.Option(help="Folder with response/cj_coupon.parquet.")],
    seeds: Annotated[int, typer.Option(help="Trainings of our model.")] = 5,
    peer_python: Annotated[
        str, typer.Option(help="Interpreter that has lightgbm; without it that peer is left out.")
    ] = sys.executable,
) -> None:
    """Trains both, and prints measures and the paired interval of the difference."""
    print_machine()
    frame = _with_counts_of_type(pd.read_parquet(data / "response" / "cj_coupon.parquet"))
    train, test = frame[~frame["test"]], frame[frame["test"]]
    happened = test["label"].to_numpy(np.float32)
    ours = [_ours(train, test, seed) for seed in range(seeds)]
    measured = [print_measures(f"ours, seed {seed}", each, happened) for seed, each in enumerate(ours)]
    print_measures("ours, mean of the probabilities", np.mean(ours, axis=0), happened)
    logistic = _logistic(train, test)
    print_measures("logistic regression", logistic, happened)
    if has_module(peer_python, "lightgbm"):
        boosting = boosted(peer_python, train, test, _NUMBERS, _CATEGORIES, "label")
        print_measures("LightGBM", boosting, happened)
        peer = (logistic + boosting) / 2
        print_measures("mean of both", peer, happened)
        paired_interval(np.mean(ours, axis=0), peer, happened, "the mean of both")
    auc, entropy, error = np.mean(measured, axis=0)
    print_figures({"auc": auc, "normalised_entropy": entropy, "calibration_error": error})


def _ours(train: pd.DataFrame, test: pd.DataFrame, seed: int) -> np.ndarray:
    numbers = (*_NUMBERS, *_OF_TYPE)
    names = feature_names(train, numbers, _CATEGORIES, None, "label")
    last = ((train["start_date"] >= _LAST_PERIOD) & (train["end_date"] < _TEST_START)).to_numpy()
    learned, validated, tested = (feature_table(rows, names, train) for rows in (train[~last], train[last], test))
    with tempfile.TemporaryDirectory() as logs:
        trained = train_response(names, learned, validated, OPTIONS, seed=seed, log_uri=logs)
    print({name: trained.summary[name] for name in ("best_epoch", "epochs", "calibration", "seconds")})
    return predicted_probabilities(trained.network, tested)[:, 0]


def _with_counts_of_type(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds how many campaigns of its type each household received before, and how many of them it had redeemed then."""
    frame = frame.reset_index(drop=True).rename_axis("row").reset_index()
    frame[list(_COUNTS)] = frame[list(_COUNTS)].fillna(0.0)
    own = ["household_id", "campaign_type"]
    pairs = frame[["row", *own, "start_date"]].merge(
        frame[[*own, "start_date", "first"]], on=own, suffixes=("", "_past")
    )
    pairs = pairs[pairs["start_date_past"] < pairs["start_date"]]
    redeemed = pairs[pairs["first"] < pairs["start_date"]]
    for name, rows in zip(_OF_TYPE, (pairs, redeemed), strict=True):
        frame[name] = rows.groupby("row").size().reindex(frame["row"]).fillna(0.0).to_numpy()
    return frame


def _logistic(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    numbers, medians = list(_NUMBERS), train[list(_NUMBERS)].median()
    scaler = StandardScaler().fit(np.log1p(train[numbers].fillna(medians)))
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train[list(_CATEGORIES)].fillna(""))

    def matrix(frame: pd.DataFrame) -> np.ndarray:
        scaled = scaler.transform(np.log1p(frame[numbers].fillna(medians)))
        return np.hstack([scaled, encoder.transform(frame[list(_CATEGORIES)].fillna(""))])

    model = LogisticRegression(C=0.01, max_iter=5000).fit(matrix(train), train["label"])
    return model.predict_proba(matrix(test))[:, 1]


if __name__ == "__main__":
    typer.run(main)
