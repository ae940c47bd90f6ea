"""Promoted products as impressions: the response model beside LightGBM, and beside the same network in PyTorch.

Run by hand: `python benchmarks/promotions.py --data DIR [--peer-python PYTHON] [--torch-python PYTHON]`. DIR has
`response/cj_promo_impressions.parquet`: a row for each promoted product, store and week, and whether a household bought
it there in that week. It is learned from weeks 20 to 40 and validated on weeks 41 to 44, of whose rows without a
purchase the table holds 30%, which count for the others; weeks 45 to 52, the test, are whole.

Peers: lightgbm's LGBMClassifier with early stopping on the same rows; PyTorch, eager, Adam, the same layers and batch.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.peer_process import has_module, has_torch
from benchmarks.response_peers import boosted, paired_interval, print_measures
from benchmarks.response_tables import feature_names, feature_table
from benchmarks.response_throughput import throughput_ratio
from trainer.response.fitting import predicted_probabilities, train_response
from trainer.response.options import ResponseNetworkOptions, ResponseOptions, ResponseTrainingOptions

_NUMBERS = ("ps1", "all1", "ps4", "all4", "ps12", "all12", "ps19", "all19", "store4", "stores", "displayed", "mailed")
_CATEGORIES = ("store_id", "display_location", "mailer_location")
_NEGATIVES = 0.3
OPTIONS = ResponseOptions(
    network=ResponseNetworkOptions(
        networks=1, units=64, cross_layers=2, cross_rank=16, embedding=8, item_embedding=16, dropout=0.1
    ),
    training=ResponseTrainingOptions(
        batch_size=2048, max_epochs=6, patience=2, learning_rate=2e-3, penalty=30.0, wide_penalty=4.0, refit=False
    ),
)


def main(
    data: Annotated[Path, typer.Option(help="Folder with response/cj_promo_impressions.parquet.")],
    seed: Annotated[int, typer.Option(help="Of weights and order.")] = 0,
    peer_python: Annotated[str, typer.Option(help="Interpreter with lightgbm; else it is left out.")] = sys.executable,
    torch_python: Annotated[str, typer.Option(help="Interpreter with torch; else it is left out.")] = sys.executable,
) -> None:
    """Trains, and prints measures, seconds and the ratio of examples a second to PyTorch."""
    print_machine()
    frame = _with_breadth(pd.read_parquet(data / "response" / "cj_promo_impressions.parquet"))
    parts = [frame[frame["part"] == part] for part in range(3)]
    train = parts[0]
    weight, valid_weight = (np.where(rows["label"] == 1, 1.0, 1.0 / _NEGATIVES) for rows in parts[:2])
    names = feature_names(train, _NUMBERS, _CATEGORIES, "product_id", "label")
    learned = feature_table(train, names, train, item="product_id", weight=weight)
    validated = feature_table(parts[1], names, train, item="product_id", weight=valid_weight)
    tested = feature_table(parts[2], names, train, item="product_id")
    happened = tested.outcomes[:, 0]
    print(f"{len(learned):,} rows to learn from, {names.items:,} products, {len(tested):,} to test on")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as logs:
        trained = train_response(names, learned, validated, OPTIONS, seed=seed, log_uri=logs)
    seconds = time.monotonic() - started
    print({name: trained.summary[name] for name in ("best_epoch", "epochs", "calibration", "seconds")})
    ours = predicted_probabilities(trained.network, tested)[:, 0]
    auc, entropy, error = print_measures("ours", ours, happened)
    if has_module(peer_python, "lightgbm"):
        peer = boosted(peer_python, train, parts[2], _NUMBERS[:9], _CATEGORIES, "label", parts[1], weight)
        print_measures("LightGBM", peer, happened)
        paired_interval(ours, peer, happened, "LightGBM", resamples=20)
    ratio = throughput_ratio(torch_python, names, learned, OPTIONS) if has_torch(torch_python) else None
    print_figures(
        {
            "auc": auc,
            "normalised_entropy": entropy,
            "calibration_error": error,
            "seconds": seconds,
            "ratio_to_torch": ratio,
        }
    )


def _with_breadth(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds in how many stores a product is promoted, displayed and mailed in the week, which a calendar says before."""
    marked = frame.assign(
        stores=1.0,
        displayed=(frame["display_location"] != "0").astype(float),
        mailed=(frame["mailer_location"] != "0").astype(float),
    )
    groups = marked.groupby(["product_id", "week"], observed=True)[["stores", "displayed", "mailed"]]
    return marked.assign(**{name: values.to_numpy() for name, values in groups.transform("sum").items()})


if __name__ == "__main__":
    typer.run(main)
