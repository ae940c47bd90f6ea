"""Reasons of recommendations: whether they add up, and whether they name the events that matter.

    python benchmarks/reasons.py --root RUN [--model FOLDER] [--users 60]

RUN is a run with the task recommendation. Of users of its test split with five or more distinct products in their
histories, it asks the served model (or the SavedModel FOLDER, of the same catalogue) for ten products and explains
each. It prints how far the attributions are from the score, what a request costs beside one for recommendations, and
how many of the ten products go where the three products of the history that the reasons speak of most are taken out of
it, beside three at random, with an interval over the users.
"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

# isort: split
import numpy as np
import tensorflow as tf
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.exporting import byte_strings
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users
from trainer.recommendation.padded_histories import pad_histories

TAKEN_OUT = 3
RANDOM_DRAWS = 3
HISTORY_LENGTH = 512
BOOTSTRAPS = 2000

Inputs = dict[str, tf.Tensor]


def main(
    root: Annotated[Path, typer.Option(help="The run's folder.")],
    model: Annotated[Path | None, typer.Option(help="Another SavedModel of the same catalogue.")] = None,
    users: Annotated[int, typer.Option(min=1, help="Users to explain for.")] = 60,
    shown: Annotated[int, typer.Option(min=0, help="Users whose first product's reasons are printed.")] = 5,
) -> None:
    """Explains what some users are recommended and checks the reasons."""
    print_machine("tensorflow")
    served = sorted((root / "serving" / "recommendation").iterdir(), key=lambda path: int(path.name))[-1]
    signatures = tf.saved_model.load(str(model or served)).signatures
    catalogue = str(latest_artifact(root, "RecommendationExamples", "catalogue"))
    judged = load_judged_users(str(latest_artifact(root, "RecommendationExamples", "examples")), "test", 4 * users)
    histories = _histories(judged, catalogue, users)
    random = np.random.default_rng(0)
    seconds: Counter[str] = Counter()
    errors, own, others = [], [], []
    for number, history in enumerate(histories):
        started = time.perf_counter()
        answer = signatures["serving_default"](**history)
        seconds["recommend"] += time.perf_counter() - started if number else 0.0
        ids, scores = answer["product_ids"][0].numpy(), answer["scores"][0].numpy()
        strength: Counter[bytes] = Counter()
        for product, score in zip(ids, scores, strict=True):
            started = time.perf_counter()
            why = signatures["explain"](**history, product_id=tf.constant([product]))
            seconds["explain"] += (time.perf_counter() - started) / len(ids) if number else 0.0
            attributions = why["attributions"][0].numpy()
            errors.append(abs(float(attributions.sum()) - float(score)))
            for about, attribution in zip(why["about_ids"][0].numpy(), attributions, strict=True):
                strength[about] += max(float(attribution), 0.0) if about else 0.0
            if number < shown and product == ids[0]:
                print(f"{answer['titles'][0, 0].numpy().decode()} ({score:.3f})")
                for reason, attribution in zip(why["reasons"][0].numpy(), attributions, strict=True):
                    if reason:
                        print(f"  {attribution:+.3f} {reason.decode()}")
        strongest = [product for product, _ in strength.most_common(TAKEN_OUT)]
        had = sorted({*history["history_ids"][0].numpy()} - {b""})

        def gone(taken: list[bytes], history: Inputs = history, ids: Any = ids) -> int:
            left = signatures["serving_default"](**_without(history, taken))["product_ids"][0].numpy()
            return len({*ids} - {*left})

        own.append(gone(strongest))
        others.append(np.mean([gone(list(random.choice(had, TAKEN_OUT, replace=False))) for _ in range(RANDOM_DRAWS)]))
    differences = np.array(own) - np.array(others)
    means = random.choice(differences, (BOOTSTRAPS, len(differences))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    print(f"attributions are off the score by {max(errors):.2e} at most, of {len(errors)} products")
    print(f"without the {TAKEN_OUT} strongest {np.mean(own):.2f} of ten products go, without as many at random")
    print(f"{np.mean(others):.2f}: {differences.mean():+.2f} ({low:+.2f} to {high:+.2f})")
    cost = seconds["explain"] / max(seconds["recommend"], 1e-9)
    print(f"a reason costs {cost:.1f} times an answer ({1e3 * seconds['explain'] / max(len(histories) - 1, 1):.1f} ms)")
    print_figures(
        {
            "largest_error": max(errors),
            "gone": float(np.mean(own)),
            "random_gone": float(np.mean(others)),
            "difference_low": float(low),
            "cost_ratio": cost,
            "users": len(histories),
        }
    )


def _histories(judged: JudgedUsers, catalogue: str, users: int) -> list[Inputs]:
    """Returns requests of one row each, of users with enough distinct products."""
    ids = np.array(byte_strings(load_catalogue(catalogue)["product_id"]), object)
    types = np.array([name.encode() for name in load_catalogue_facts(catalogue)["event_types"]], object)
    histories: list[Inputs] = []
    for products, kinds, ages in zip(*pad_histories(judged, HISTORY_LENGTH), strict=True):
        if len({*products.tolist()} - {-1}) <= TAKEN_OUT + 1:
            continue
        known = products >= 0
        histories.append(
            {
                "history_ids": tf.constant([np.where(known, ids[products], b"").tolist()]),
                "history_types": tf.constant([np.where(known, types[kinds], b"").tolist()]),
                "history_age_seconds": tf.constant([ages], tf.float32),
            }
        )
        if len(histories) == users:
            break
    return histories


def _without(history: Inputs, products: list[bytes]) -> Inputs:
    """Returns a history without the events of some products."""
    ids = history["history_ids"]
    taken = tf.reduce_any(ids[:, :, None] == tf.constant(products)[None, None], axis=-1)
    return {**history, "history_ids": tf.where(taken, "", ids)}


if __name__ == "__main__":
    typer.run(main)
