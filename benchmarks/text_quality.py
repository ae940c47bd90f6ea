"""Classification of texts: trains through the pipeline on known data sets and compares with TF-IDF.

    python benchmarks/text_quality.py --data FOLDER [--vader ARCHIVE] [--only NAME …] [--seeds N]

FOLDER holds `reviews_clothing/reviews.parquet` and `intents_bitext/intents.parquet`; ARCHIVE is vaderSentiment's source
distribution, as `pip download --no-deps --no-binary :all: vaderSentiment==3.3.2` fetches it. What is not given is left
out. Tested on is what the adapters say: texts whose crc32 modulo 10 is under 2. The baseline is logistic regression on
TF-IDF of words and pairs of words with balanced labels, on the same rows. Prints macro-F1 and accuracy of both, and the
seconds of the training and of the whole pipeline.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import typer
import yaml

from tfx_pipeline.config import load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.start import run_pipeline

CONFIG = Path(__file__).with_suffix(".yaml")
SOURCES = {"bitext_intents": "intents_bitext", "clothing_reviews": "reviews_clothing"}


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets.")],
    vader: Annotated[Path | None, typer.Option(help="vaderSentiment's source distribution.")] = None,
    only: Annotated[list[str], typer.Option(help="Names of the data sets to run; all that are given.")] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each, with another seed.")] = 1,
    root: Annotated[Path | None, typer.Option(help="Folder of the runs; a temporary one if left out.")] = None,
    overrides: Annotated[list[str], typer.Option("--set", help="key.key=value on top of the configuration.")] = [],  # noqa: B006
) -> None:
    """Trains and judges a classifier on each data set."""
    sources = {"vader_reviews": vader} if vader else {}
    sources |= {name: data / folder for name, folder in SOURCES.items() if (data / folder).exists()}
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        for name, source in sources.items():
            if not only or name in only:
                run_dataset(name, source, (root or Path(temporary)) / name, seeds, overrides)


def run_dataset(name: str, source: Path, folder: Path, seeds: int, overrides: list[str]) -> None:
    """Runs the pipeline on one data set, once a seed, and prints what it reached."""
    prepare_dataset(name, folder, source)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))[name]), encoding="utf-8")
    scores = []
    for seed in range(seeds):
        summary = run_pipeline(load_config(config, [*overrides, f"seed={seed}"]), folder / f"seed{seed}")
        task, seconds = summary["tasks"]["classification"], summary["seconds"]
        print_scores(f"{name}, seed {seed}", task)
        training, whole = seconds["ClassificationTrainer"], summary["total_seconds"]
        print(f"  training {training:.0f} s, the whole pipeline {whole:.0f} s")
        scores.append(task["metrics"]["test"]["f1_macro"])
    print(f"{name}: mean macro-F1 over {seeds} seeds {np.mean(scores):.4f}")


def print_scores(title: str, task: dict[str, Any]) -> None:
    """Prints the model beside its baseline."""
    print(f"{title}: {task['texts']} test texts")
    for metric in ("f1_macro", "accuracy", "calibration_error"):
        own, other = task["metrics"]["test"][metric], task["baselines"]["tfidf"][metric]
        print(f"  {metric:<18}{own:.4f}   TF-IDF {other:.4f}   ratio {own / max(other, 1e-9):.3f}")


if __name__ == "__main__":
    typer.run(main)
