"""Segmentation of Complete Journey's households: trains through the pipeline, and compares with both baselines.

    python benchmarks/segmentation.py [--seeds 3] [--root FOLDER] [--set key=value …] [--no-parts]

A household's segment is the tier of what it spends in the 8 weeks after week w: lapsed (nothing), low, mid, high, cut
at 118.38 and 352.00. Of households with a purchase in the 16 weeks up to w; trained on w = 16, 20, 24, 28, 32 and 36,
tested on w = 45. Prints accuracy and macro-F1 of the served model and of the baselines in the same run, and, trained
without the pipeline on the same examples, of the text alone and of the numbers alone; means over the seeds.
"""

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
from benchmarks.command_line import NewRoot, Overrides
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_beside_data, run_folder, training_seconds
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.labels import load_labels
from trainer.classification.examples import LabelledTexts

CONFIG = Path(__file__).with_suffix(".yaml")
METRICS = ("accuracy", "f1_macro")
OURS = "this model"

Scores = dict[str, list[tuple[float, ...]]]


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Runs, each with another seed.")] = 3,
    root: NewRoot = None,
    overrides: Overrides = [],  # noqa: B006
    parts: Annotated[bool, typer.Option(help="Also text alone and numbers alone.")] = True,
) -> None:
    """Trains and judges a segmentation once a seed."""
    print_machine("tensorflow", "keras", "scikit-learn")
    scores: Scores = {}
    seconds = []
    with run_folder(root) as folder:
        prepare_dataset("complete_journey", folder, None)
        for seed in range(seeds):
            seeded = [*overrides, f"seed={seed}"]
            # One root, so that only what depends on the seed runs again.
            summary = run_beside_data(CONFIG.read_text(encoding="utf-8"), folder, seeded, folder / "run")
            task = summary.tasks["segmentation"]
            for name, metrics in {OURS: task.metrics["test"], **task.baselines}.items():
                scores.setdefault(name, []).append(tuple(metrics[metric] for metric in METRICS))
            print_scores(scores)
            seconds.append(training_seconds(summary, "SegmentationTrainer"))
            print(f"  training {seconds[-1]:.0f} s under whatever else runs here")
        if parts:
            add_parts(load_config(folder / "config.yaml", overrides), folder / "run", seeds, scores)
            print_scores(scores)
    print_figures(
        {
            **{
                f"{prefix}{metric}": float(np.mean([each[place] for each in scores[name]]))
                for name, prefix in named_systems(scores).items()
                for place, metric in enumerate(METRICS)
            },
            "training_seconds": float(np.mean(seconds)),
        }
    )


def named_systems(scores: Scores) -> dict[str, str]:
    """Returns what stands before the metrics of each system: nothing for this model, else its name."""
    return {name: "" if name == OURS else f"{name.replace(' ', '_')}_" for name in scores}


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
    examples, catalogue, labels = (
        str(latest_artifact(root, "SegmentationExamples", name)) for name in ("examples", "catalogue", "labels")
    )
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


def print_scores(scores: Mapping[str, list[tuple[float, ...]]]) -> None:
    """Prints the mean of each system, and each seed's values."""
    for name, values in scores.items():
        means = np.mean(values, axis=0)
        shown = "  ".join("/".join(f"{value:.4f}" for value in each) for each in values)
        print(f"{name:<18} accuracy {means[0]:.4f}  macro-F1 {means[1]:.4f}   by seed {shown}", flush=True)


if __name__ == "__main__":
    typer.run(main)
