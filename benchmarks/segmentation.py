"""Segmentation of Complete Journey's households: trains through the pipeline, and compares with both baselines.

    python benchmarks/segmentation.py [--seeds 3] [--root FOLDER] [--set key=value …] [--no-parts]

A household's segment is the tier of what it spends in the 8 weeks after week w: lapsed (nothing), low, mid, high, cut
at 118.38 and 352.00. Of households with a purchase in the 16 weeks up to w; trained on w = 16, 20, 24, 28, 32 and 36,
tested on w = 45. Prints accuracy and macro-F1 of the served model and of the baselines in the same run, and, trained
without the pipeline on the same examples, of the text alone and of the numbers alone; means over the seeds.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import typer

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.running.start import run_pipeline
from trainer.artifacts.labels import load_labels
from trainer.classification.examples import LabelledTexts

CONFIG = Path(__file__).with_suffix(".yaml")
METRICS = ("accuracy", "f1_macro")

Scores = dict[str, list[tuple[float, ...]]]


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Runs, each with another seed.")] = 3,
    root: Annotated[Path | None, typer.Option(help="Folder of the runs; a temporary one if left out.")] = None,
    overrides: Annotated[list[str], typer.Option("--set", help="key.key=value on top of the configuration.")] = [],  # noqa: B006
    parts: Annotated[bool, typer.Option(help="Also text alone and numbers alone.")] = True,
) -> None:
    """Trains and judges a segmentation once a seed."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = root or Path(temporary)
        prepare_dataset("complete_journey", folder, None)
        shutil.copyfile(CONFIG, folder / CONFIG.name)
        scores: Scores = {}
        for seed in range(seeds):
            config = load_config(folder / CONFIG.name, [*overrides, f"seed={seed}"])
            # One root, so that only what depends on the seed runs again.
            summary = run_pipeline(config, folder / "run")
            task = summary["tasks"]["segmentation"]
            for name, metrics in {"this model": task["metrics"]["test"], **task["baselines"]}.items():
                scores.setdefault(name, []).append(tuple(metrics[metric] for metric in METRICS))
            print_scores(scores)
            print(f"  training {summary['seconds']['SegmentationTrainer']:.0f} s under whatever else runs here")
        if parts:
            add_parts(config, folder / "run", seeds, scores)
            print_scores(scores)


def add_parts(config: Config, root: Path, seeds: int, scores: Scores) -> None:
    """Trains on the numbers alone, and on the text alone, of the examples that the pipeline made."""
    from sklearn.metrics import accuracy_score, f1_score

    from tfx_pipeline.tasks.segmentation.nodes import training_options
    from trainer.classification.training import train_classifier
    from trainer.segmentation.examples import load_behaviours
    from trainer.segmentation.products import load_behaviour

    if config.tasks.segmentation is None:
        raise ValueError("The configuration should have the task segmentation.")
    options = training_options(config, config.tasks.segmentation)
    made = root / "artifacts" / "SegmentationExamples"
    examples, catalogue, labels = (str(latest(made / name)) for name in ("examples", "catalogue", "labels"))
    behaviour = load_behaviour(catalogue, options.history_length)
    splits = {split: load_behaviours(examples, split, behaviour) for split in ("train", "eval", "test")}
    for name, view in {"numbers alone": without_text, "text alone": without_numbers}.items():
        seen = {split: view(texts) for split, texts in splits.items()}
        for seed in range(seeds):
            trained = train_classifier(
                load_labels(labels), seen["train"], seen["eval"], options, seed=seed, log_uri=tempfile.mkdtemp()
            )
            found = trained.classifier.probabilities(seen["test"].texts, seen["test"].numbers).argmax(axis=1)
            true = seen["test"].labels
            scores.setdefault(name, []).append((accuracy_score(true, found), f1_score(true, found, average="macro")))


def without_text(texts: LabelledTexts) -> LabelledTexts:
    """The same with empty texts."""
    return LabelledTexts(texts=[""] * len(texts), labels=texts.labels, numbers=texts.numbers)


def without_numbers(texts: LabelledTexts) -> LabelledTexts:
    """The same without any numbers."""
    return LabelledTexts(texts=texts.texts, labels=texts.labels, numbers=np.zeros((len(texts), 0), np.float32))


def latest(folder: Path) -> Path:
    """The newest execution's artifact."""
    return max(folder.iterdir(), key=lambda each: int(each.name))


def print_scores(scores: Mapping[str, list[tuple[float, ...]]]) -> None:
    """Prints the mean of each system, and each seed's values."""
    for name, values in scores.items():
        means = np.mean(values, axis=0)
        shown = "  ".join("/".join(f"{value:.4f}" for value in each) for each in values)
        print(f"{name:<18} accuracy {means[0]:.4f}  macro-F1 {means[1]:.4f}   by seed {shown}", flush=True)


if __name__ == "__main__":
    typer.run(main)
