"""Reasons of a classifier: whether they add up, and whether they name the words that matter.

    python benchmarks/text_explanations.py --root RUN --texts FILE [--rows 50]

RUN is a run with the task classification, FILE a Parquet file with a column `text`, such as the table that it learned
from. Prints, over the first texts by sha256, how far attributions are from adding up to the difference that they
explain, and by how much the probability of the best label falls without the three most attributed words, beside three
words at random.
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import tensorflow as tf
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.saved_classifier import load_classifier
from serving.classification.module import ClassificationModule, beginning
from serving.reasons.explanation import ServedClassifier, attributions
from serving.reasons.phrases import written_words
from serving.reasons.reasons import by_part
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.classification.export import served_classifier

DELETED_WORDS = 3
RANDOM_DRAWS = 10
# A difference under this share is too small for a relative error.
SMALL = 0.05

FloatArray = npt.NDArray[np.float64]
Words = Sequence[tuple[str, float]]


def main(
    root: Annotated[Path, typer.Option(help="The run's folder.")],
    texts: Annotated[Path, typer.Option(help="Parquet file with a column `text`.")],
    rows: Annotated[int, typer.Option(min=1, help="Texts to explain.")] = 50,
) -> None:
    """Explains some texts and checks the reasons."""
    print_machine("tensorflow")
    every = pq.read_table(texts, columns=["text"])["text"].to_pylist()
    chosen = sorted(every, key=lambda text: hashlib.sha256(text.encode()).digest())[:rows]
    classifier = load_classifier(str(latest_artifact(root, "ClassificationTrainer", "model")))
    parts = served_classifier(classifier)
    module = ClassificationModule(parts, [label.encode() for label in classifier.labels])
    answer = {name: value.numpy() for name, value in tf.function(module.explain)(tf.constant(chosen)).items()}
    tokens = parts.tokenize(tf.constant(chosen))
    masked = tf.where(tokens.shown, parts.neutral_token, tokens.ids)
    no_numbers = tf.zeros([len(chosen), 0])
    whole, neutral = (parts.classify_tokens(ids, tokens.mask, no_numbers).numpy() for ids in (tokens.ids, masked))
    best = whole.argmax(axis=1)
    place = np.arange(len(chosen))
    differences = whole[place, best] - neutral[place, best]
    errors = np.abs(answer["attributions"].sum(axis=1) - differences)
    large = np.abs(differences) >= SMALL
    shares = errors[large] / np.abs(differences[large])
    print(f"{large.sum()} of {len(chosen)} texts have a difference of {SMALL} or more: attributions are off by")
    print(
        f"{shares.mean():.2%} of it on average, {shares.max():.2%} at most; in all texts by {errors.max():.4f} at most"
    )
    words = attributed_words(parts, chosen)
    own, other = deletions(module, words, whole[place, best], best)
    print(f"without the {DELETED_WORDS} most attributed words the probability falls by {own:.4f}, without")
    print(f"{DELETED_WORDS} at random by {other:.4f}: {own / max(other, 1e-9):.1f} times as far")
    print_figures(
        {
            "ratio": own / max(other, 1e-9),
            "fall": own,
            "random_fall": other,
            "mean_error": float(shares.mean()) if len(shares) else None,
            "largest_error": float(errors.max()),
            "texts": len(chosen),
        }
    )


def deletions(
    module: ClassificationModule,
    words: Sequence[Words],
    before: FloatArray,
    best: npt.NDArray[np.int64],
) -> tuple[float, float]:
    """Returns how far probabilities fall without the most attributed words, and without as many at random."""
    random = np.random.default_rng(0)
    top = [without(row, np.argsort([-weight for _, weight in row])[:DELETED_WORDS]) for row in words]
    evaluate = tf.function(module.evaluate, input_signature=[tf.TensorSpec([None], tf.string)])

    def fall(texts: Sequence[str]) -> float:
        after = evaluate(tf.constant(list(texts)))["probabilities"].numpy()
        return float((before - after[np.arange(len(best)), best]).mean())

    by_chance = [
        fall([without(row, random.permutation(len(row))[:DELETED_WORDS]) for row in words]) for _ in range(RANDOM_DRAWS)
    ]
    return fall(top), float(np.mean(by_chance))


def attributed_words(parts: ServedClassifier, texts: Sequence[str]) -> list[Words]:
    """Returns the words of each text in their order, with what they add; phrases would be deleted too much at once."""

    def explained(text: tf.Tensor) -> tuple[Any, Any]:
        read = beginning(text)
        tokens, words = parts.tokenize(read), written_words(read)
        by_token, _ = attributions(parts, tokens, tf.zeros([tf.shape(text)[0], 0]))
        return words, by_part(words, parts.tokenize, tokens, by_token)

    words, added = (each.to_list() for each in tf.function(explained)(tf.constant(list(texts))))
    decoded = [[word.decode("utf-8", "replace") for word in row] for row in words]
    return [list(zip(*row, strict=True)) for row in zip(decoded, added, strict=True)]


def without(words: Words, deleted: npt.NDArray[np.int64]) -> str:
    """Returns a text without the words at some places."""
    gone = set(deleted.tolist())
    return " ".join(word for place, (word, _) in enumerate(words) if place not in gone)


if __name__ == "__main__":
    typer.run(main)
