"""Classification of texts: trains through the pipeline on known data sets and compares with TF-IDF.

    python benchmarks/text_quality.py --data FOLDER [--vader ARCHIVE] [--only NAME …] [--seeds N] [--torch-python P]

FOLDER holds `reviews_clothing/reviews.parquet` and `intents_bitext/intents.parquet`; ARCHIVE is vaderSentiment's source
distribution, as `pip download --no-deps --no-binary :all: vaderSentiment==3.3.2` fetches it. What is not given is left
out. Tested on is what the adapters say: texts whose crc32 modulo 10 is under 2. The baseline is logistic regression on
TF-IDF of words and pairs of words with balanced labels, on the same rows. Prints macro-F1 and accuracy of both, and the
seconds of the training and of the whole pipeline.

Where P, a Python interpreter with torch and NumPy, is given, it then fine-tunes the same weights on the same examples
for the same steps in PyTorch, keeps its best epoch of the validation split as ours does, and the difference is printed.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import typer
import yaml

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.command_line import NewRoot, Overrides
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder, training_seconds
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.summary.model import TaskSummary

CONFIG = Path(__file__).with_suffix(".yaml")
SOURCES = {"bitext_intents": "intents_bitext", "clothing_reviews": "reviews_clothing"}


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets.")],
    vader: Annotated[Path | None, typer.Option(help="vaderSentiment's source distribution.")] = None,
    only: Annotated[list[str], typer.Option(help="Names of the data sets to run; all that are given.")] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each, with another seed.")] = 1,
    torch_python: Annotated[str | None, typer.Option(help="A Python interpreter with torch, for the peer.")] = None,
    root: NewRoot = None,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Trains and judges a classifier on each data set."""
    sources = {"vader_reviews": vader} if vader else {}
    sources |= {name: data / folder for name, folder in SOURCES.items() if (data / folder).exists()}
    print_machine("tensorflow", "keras", "scikit-learn")
    figures: dict[str, float | None] = {}
    with run_folder(root) as folder:
        for name, source in sources.items():
            if not only or name in only:
                found = run_dataset(name, source, folder / name, seeds, overrides, torch_python)
                figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    print_figures(figures)


def run_dataset(
    name: str, source: Path, folder: Path, seeds: int, overrides: list[str], torch_python: str | None
) -> dict[str, float | None]:
    """Runs the pipeline on one data set, once a seed, prints what it reached, and returns the means over the seeds."""
    prepare_dataset(name, folder, source)
    configuration = yaml.safe_dump(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))[name])
    scores: list[float] = []
    tfidf_scores: list[float] = []
    peer_scores: list[float] = []
    trainings: list[float] = []
    for seed in range(seeds):
        seeded = [*overrides, f"seed={seed}"]
        summary = run_beside_data(configuration, folder, seeded, folder / f"seed{seed}")
        task = summary.tasks["classification"]
        print_scores(f"{name}, seed {seed}", task)
        trainings.append(training_seconds(summary, "ClassificationTrainer"))
        print(f"  training {trainings[-1]:.0f} s, the whole pipeline {summary.total_seconds:.0f} s")
        scores.append(task.metrics["test"]["f1_macro"])
        tfidf_scores.append(task.baselines["tfidf"]["f1_macro"])
        if torch_python is not None:
            config = load_config(folder / "config.yaml", seeded)
            peer_scores.append(peer_score(torch_python, config, folder / f"seed{seed}"))
            print(f"  PyTorch, as many steps: macro-F1 {peer_scores[-1]:.4f}", flush=True)
    print(f"{name}: mean macro-F1 over {seeds} seeds {np.mean(scores):.4f}")
    if peer_scores:
        points = 100 * (np.mean(scores) - np.mean(peer_scores))
        print(f"{name}: PyTorch {np.mean(peer_scores):.4f}; ours is {points:+.2f} points from it")
    return {
        "f1_macro": float(np.mean(scores)),
        "tfidf_f1_macro": float(np.mean(tfidf_scores)),
        "torch_f1_macro": float(np.mean(peer_scores)) if peer_scores else None,
        "training_seconds": float(np.mean(trainings)),
    }


def peer_score(python: str, config: Config, root: Path) -> float:
    """Fine-tunes the peer on the examples of a run, and returns its macro-F1 on the test split."""
    from sklearn.metrics import f1_score

    from benchmarks.classifier_peer import ClassifierPeer, bert_arrays, peer_settings, split_arrays
    from tfx_pipeline.summary.run_artifacts import latest_artifact
    from tfx_pipeline.tasks.classification.nodes import training_options
    from trainer.artifacts.labels import load_labels
    from trainer.classification.classifier import Classifier, new_head
    from trainer.classification.examples import load_labelled_texts
    from trainer.text.backbone import load_text_encoder

    if config.tasks.classification is None:
        raise ValueError("The configuration should have the task classification.")
    options = training_options(config, config.tasks.classification)
    examples, labels = (str(latest_artifact(root, "ClassificationExamples", name)) for name in ("examples", "labels"))
    classes = len(load_labels(labels))
    splits = {split: load_labelled_texts(examples, split) for split in ("train", "eval", "test")}
    trained = json.loads((latest_artifact(root, "ClassificationTrainer", "model") / "training.json").read_text())
    encoder = load_text_encoder(options.text)
    classifier = Classifier(encoder, new_head(encoder, splits["train"].numbers, classes, options.head), ())
    arrays = bert_arrays(encoder.backbone)
    for name, texts in splits.items():
        token_ids = classifier.token_ids(texts.texts)
        arrays |= split_arrays(name, encoder, token_ids, texts.labels, classes, options.training.class_weights)
    steps = len(splits["train"]) // options.training.batch_size
    settings = peer_settings(encoder, options, classes, splits, steps * options.training.max_epochs, config.seed)
    epochs: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        peer = ClassifierPeer(python, Path(folder), arrays, settings)
        for _ in range(trained["epochs"]):
            peer.run(steps)
            found = {split: peer.logits(split).argmax(axis=1) for split in ("eval", "test")}
            epochs.append(tuple(f1_score(splits[split].labels, each, average="macro") for split, each in found.items()))
        peer.close()
    return max(epochs)[1]


def print_scores(title: str, task: TaskSummary) -> None:
    """Prints the model beside its baseline."""
    print(f"{title}: {task.examples['test']} test texts")
    for metric in ("f1_macro", "accuracy", "calibration_error"):
        own, other = task.metrics["test"][metric], task.baselines["tfidf"][metric]
        print(f"  {metric:<18}{own:.4f}   TF-IDF {other:.4f}   ratio {own / max(other, 1e-9):.3f}")


if __name__ == "__main__":
    typer.run(main)
