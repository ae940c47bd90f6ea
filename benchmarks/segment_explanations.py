"""Reasons of a segmentation: whether they add up, and whether they name the words and numbers that matter.

    python benchmarks/segment_explanations.py --root RUN [--rows 50]

RUN is a run with the task segmentation. Of users of its test split, it prints how far attributions are from adding up
to the difference that they explain, and by how much the probability of the best segment falls where the most attributed
words and numbers are made to say nothing ([MASK], and the mean), beside as many at random.
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.saved_classifier import load_classifier
from serving.reasons.explanation import ServedClassifier, Tokens, attributions
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.classification.export import served_classifier
from trainer.segmentation.examples import load_behaviours
from trainer.segmentation.products import load_behaviour

DELETED = 3
RANDOM_DRAWS = 10
# A difference under this is too small for a relative error.
SMALL = 0.05
HISTORY_LENGTH = 512

FloatArray = npt.NDArray[np.float32]


def main(
    root: Annotated[Path, typer.Option(help="The run's folder.")],
    rows: Annotated[int, typer.Option(min=1, help="Users to explain.")] = 50,
) -> None:
    """Explains the segments of some users and checks the reasons."""
    print_machine("tensorflow")
    classifier = load_classifier(str(latest_artifact(root, "SegmentationTrainer", "model")))
    catalogue, examples = (
        str(latest_artifact(root, "SegmentationExamples", name)) for name in ("catalogue", "examples")
    )
    described = load_behaviours(examples, "test", load_behaviour(catalogue, HISTORY_LENGTH))
    chosen = np.random.default_rng(0).permutation(len(described))[:rows]
    parts = served_classifier(classifier)
    tokens = parts.tokenize(tf.constant([described.texts[row] for row in chosen]))
    numbers = described.numbers[chosen]
    # What is not known counts as the mean in the head; so it does here.
    numbers = np.where(np.isfinite(numbers), numbers, parts.neutral_numbers)
    explained = tf.function(lambda: attributions(parts, tokens, tf.constant(numbers)))()
    reasons = np.concatenate([part.numpy() for part in explained], axis=1)
    shown = np.concatenate([tokens.shown.numpy(), np.ones(numbers.shape, bool)], axis=1)
    nothing = np.zeros_like(shown)
    whole = probabilities(parts, tokens, numbers, nothing)
    place, best = np.arange(len(chosen)), whole.argmax(axis=1)
    before = whole[place, best]
    differences = before - probabilities(parts, tokens, numbers, shown)[place, best]
    errors = np.abs(reasons.sum(axis=1) - differences)
    large = np.abs(differences) >= SMALL
    shares = errors[large] / np.abs(differences[large])
    print(f"{large.sum()} of {len(chosen)} users have a difference of {SMALL} or more: attributions are off by")
    print(f"{shares.mean():.2%} of it on average, {shares.max():.2%} at most; in all by {errors.max():.4f} at most")
    random = np.random.default_rng(0)

    def fall(order: FloatArray) -> float:
        deleted = nothing.copy()
        np.put_along_axis(deleted, np.where(shown, order, -np.inf).argsort(axis=1)[:, -DELETED:], True, axis=1)
        return float((before - probabilities(parts, tokens, numbers, deleted)[place, best]).mean())

    own = fall(reasons)
    other = float(np.mean([fall(random.random(reasons.shape).astype(np.float32)) for _ in range(RANDOM_DRAWS)]))
    print(f"without the {DELETED} most attributed words and numbers the probability falls by {own:.4f}, without")
    print(f"{DELETED} at random by {other:.4f}: {own / max(other, 1e-9):.1f} times as far")
    print_figures(
        {
            "ratio": own / max(other, 1e-9),
            "fall": own,
            "random_fall": other,
            "mean_error": float(shares.mean()) if len(shares) else None,
            "largest_error": float(errors.max()),
            "users": len(chosen),
        }
    )


def probabilities(
    parts: ServedClassifier, tokens: Tokens, numbers: FloatArray, deleted: npt.NDArray[np.bool_]
) -> FloatArray:
    """Returns what is found where some words and numbers, bool `(rows, width + numbers)`, are made to say nothing."""
    width = tokens.ids.shape[1]
    ids = tf.where(deleted[:, :width], parts.neutral_token, tokens.ids)
    known = np.where(deleted[:, width:], parts.neutral_numbers, numbers).astype(np.float32)
    return np.asarray(parts.classify_tokens(ids, tokens.mask, tf.constant(known)))


if __name__ == "__main__":
    typer.run(main)
