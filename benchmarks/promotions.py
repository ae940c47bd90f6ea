"""Promoted products as impressions: the response model beside LightGBM, and beside the same network in PyTorch.

Run by hand: `python benchmarks/promotions.py --data DIR [--peer-python PYTHON] [--torch-python PYTHON]`. DIR has
`response/cj_promo_impressions.parquet`: a row for each promoted product, store and week, and whether a household bought
it there in that week. It is learned from weeks 20 to 40 and validated on weeks 41 to 44, of whose rows without a
purchase the table holds 30%, which count for the others; weeks 45 to 52, the test, are whole.

What is known before a week is counted from the table itself: see `promotion_features.py`.

Peers: lightgbm's LGBMClassifier with early stopping on the same rows, from the table's own columns and from all that
our network reads; PyTorch, eager, Adam, the same layers and batch.
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
from benchmarks.promotion_features import KEPT_NEGATIVES, NEIGHBOURHOOD, with_history
from benchmarks.response_peers import boosted, paired_interval, print_measures
from benchmarks.response_tables import feature_names, feature_table
from benchmarks.response_throughput import throughput_ratio
from trainer.response.fitting import predicted_probabilities, train_response
from trainer.response.options import ResponseNetworkOptions, ResponseOptions, ResponseTrainingOptions

_NUMBERS = ("ps1", "all1", "ps4", "all4", "ps12", "all12", "ps19", "all19", "store4")
_CATEGORIES = ("store_id", "display_location", "mailer_location")
OPTIONS = ResponseOptions(
    network=ResponseNetworkOptions(
        networks=3, units=64, cross_layers=2, cross_rank=16, pieces=12, embedding=8, item_embedding=0, dropout=0.1
    ),
    training=ResponseTrainingOptions(
        batch_size=2048, max_epochs=8, patience=2, learning_rate=2e-3, penalty=30.0, wide_penalty=4.0, refit=False
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
    frame, added = with_history(pd.read_parquet(data / "response" / "cj_promo_impressions.parquet"))
    parts = [frame[frame["part"] == part] for part in range(3)]
    train = parts[0]
    weight, valid_weight = (np.where(rows["label"] == 1, 1.0, 1.0 / KEPT_NEGATIVES) for rows in parts[:2])
    numbers, categories = (*_NUMBERS, *added), (*_CATEGORIES, NEIGHBOURHOOD)
    names = feature_names(train, numbers, categories, None, "label")
    learned = feature_table(train, names, train, weight=weight)
    validated = feature_table(parts[1], names, train, weight=valid_weight)
    tested = feature_table(parts[2], names, train)
    happened = tested.outcomes[:, 0]
    print(f"{len(learned):,} rows to learn from, {len(names.numbers)} numbers, {len(tested):,} to test on")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as logs:
        trained = train_response(names, learned, validated, OPTIONS, seed=seed, log_uri=logs)
    seconds = time.monotonic() - started
    print({name: trained.summary[name] for name in ("best_epoch", "epochs", "calibration", "seconds")})
    ours = predicted_probabilities(trained.network, tested)[:, 0]
    auc, entropy, error = print_measures("ours", ours, happened)
    if has_module(peer_python, "lightgbm"):
        for name, columns in (("LightGBM, the table's columns", (*_NUMBERS, "place_of_id")), ("LightGBM", numbers)):
            peer = boosted(
                peer_python, train, parts[2], columns, _CATEGORIES, "label", parts[1], kept_negatives=KEPT_NEGATIVES
            )
            print_measures(name, peer, happened)
            paired_interval(ours, peer, happened, name, resamples=20)
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


if __name__ == "__main__":
    typer.run(main)
