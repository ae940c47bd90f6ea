"""Few labels: intents from eight texts each or from descriptions, moods from 5%, and what is best labelled next.

    python benchmarks/few_labels.py --data FOLDER [--vader ARCHIVE] [--seeds 5]
        [--parts bitext,zero_shot,self_training,suggested] [--minutes 20]

FOLDER holds `intents_bitext/intents.parquet` and `reviews_clothing/reviews.parquet`; ARCHIVE is vaderSentiment's source
distribution, which pip fetches if it is left out. Tested on is what the adapters say: texts whose crc32 modulo 10 is
under 2. The parts share the minutes: each draws its first seed in any case, and as many others as there is time for.

bitext: a frozen MiniLM and the wide part learn from 8 texts an intent, one of which validates. The peer is logistic
regression (C=10) on MiniLM's vectors of the same 8.
zero_shot: the same encoder by a description of each intent (`few_labels.yaml`), and no text. The peer is the intents'
names.
self_training: 5% of the training texts have labels, a tenth of which validate; the others have none. Ours is frozen and
learns from both; the peer is plain fine-tuning of all of MiniLM on the labelled ones. The interval is that of the
difference of macro-F1 over the test texts, all seeds together. Printed too: ours without the unlabelled texts.
suggested: on reviews of clothes, 100 random labels and then 200 that `shelfwise suggest` would name, beside 600 random
ones, by the same classifier, over encoded texts.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd
import tensorflow_text  # noqa: F401
import typer
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from components.labels.measures import differences
from tfx_pipeline.commands.demo_reviews import prepare_reviews
from tfx_pipeline.datasets import prepare_dataset
from trainer.classification.building import build_classifier
from trainer.classification.examples import LabelledTexts
from trainer.classification.few.descriptions import zero_shot
from trainer.classification.few.suggestions import suggest
from trainer.classification.linear.fused import FusedClassifier
from trainer.classification.options import (
    ClassifierOptions,
    ClassifierTrainingOptions,
    SelfTrainingOptions,
    WideOptions,
)
from trainer.options import TextOptions
from trainer.text.backbone import encode_texts, load_text_encoder

DESCRIPTIONS = Path(__file__).with_suffix(".yaml")
_BITEXT_TEXTS, _LABELLED = 8, 0.05
_FIRST, _SUGGESTED, _RANDOM, _POOL, _ASKED, _AT_ONCE = 100, 300, 600, 4_000, 1_500, 50

Figures = dict[str, float | None]


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets.")],
    vader: Annotated[Path | None, typer.Option(help="vaderSentiment's source distribution.")] = None,
    parts: Annotated[str, typer.Option(help="Which to measure.")] = "bitext,zero_shot,self_training,suggested",
    seeds: Annotated[int, typer.Option(min=1, help="Draws of each at the most.")] = 5,
    minutes: Annotated[float, typer.Option(min=0.0, help="For all parts together, their first draws apart.")] = 20.0,
) -> None:
    """Measures each part."""
    print_machine("tensorflow", "keras", "scikit-learn")
    figures: Figures = {
        "bitext_8": None,
        "zero_shot": None,
        "self_training_gain": None,
        "self_training_low": None,
        "suggested_of_random": None,
    }
    measures = {"bitext": bitext, "zero_shot": by_description, "suggested": suggested}
    chosen = parts.split(",")
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen:
            started = time.monotonic()
            drawn = draws(seeds, started + 60.0 * minutes / len(chosen))
            if part in measures:
                figures |= measures[part](data, Path(folder), drawn)
            else:
                figures |= self_training(vader, Path(folder), drawn)
            print(f"{part}: {time.monotonic() - started:.0f} s", flush=True)
    print_figures(figures)


def draws(seeds: int, until: float) -> Iterator[int]:
    """Yields seeds: the first, and others while one that takes as long as the longest so far ends in time."""
    begun, longest = time.monotonic(), 0.0
    for seed in range(seeds):
        now = time.monotonic()
        begun, longest = now, max(longest, now - begun)
        if seed and now + longest > until:
            print(f"  {seed} of {seeds} draws: there is no time for more", flush=True)
            return
        yield seed


def bitext(data: Path, folder: Path, seeds: Iterator[int]) -> Figures:
    """Returns macro-F1 over the test texts from eight of each intent, the mean over the seeds."""
    table, labels = prepared("bitext_intents", data / "intents_bitext", folder)
    pool, test = table[table["split"] == "train"], table[table["split"] == "test"]
    encoder = load_text_encoder(TextOptions(sequence_length=32))
    vectors = pd.Series(list(encode_texts(encoder, table["text"].tolist(), 256)), index=table.index)
    own, peer = [], []
    for seed in seeds:
        drawn = pool.groupby("label", group_keys=False).sample(_BITEXT_TEXTS, random_state=seed)
        validated = drawn.groupby("label", group_keys=False).sample(1, random_state=seed)
        classifier = learned(labels, drawn.drop(validated.index), validated, frozen(32), seed, folder)
        own.append(score(classifier, test))
        model = LogisticRegression(C=10.0, max_iter=500).fit(np.stack(vectors[drawn.index]), drawn["place"])
        peer.append(f1_score(test["place"], model.predict(np.stack(vectors[test.index])), average="macro"))
        print(f"  seed {seed}: {own[-1]:.4f}, logistic regression on MiniLM {peer[-1]:.4f}", flush=True)
    return {"bitext_8": float(np.mean(own)), "bitext_8_peer": float(np.mean(peer)), "bitext_draws": len(own)}


def by_description(data: Path, folder: Path, seeds: Iterator[int]) -> Figures:
    """Returns macro-F1 over the test texts by descriptions alone, and by the names of the labels."""
    del seeds
    table, labels = prepared("bitext_intents", data / "intents_bitext", folder)
    test = table[table["split"] == "test"]
    encoder = load_text_encoder(TextOptions(sequence_length=32))
    told = yaml.safe_load(DESCRIPTIONS.read_text(encoding="utf-8"))
    described, named = (
        f1_score(
            test["place"], zero_shot(encoder, test["text"].tolist(), labels, each, 256).argmax(axis=1), average="macro"
        )
        for each in (told, {})
    )
    return {"zero_shot": float(described), "zero_shot_names": float(named)}


def self_training(vader: Path | None, folder: Path, seeds: Iterator[int]) -> Figures:
    """Returns how much macro-F1 is gained over plain fine-tuning, with the low end of its interval."""
    missing = prepare_reviews(folder / "vader_reviews") if vader is None else None
    if missing is not None:
        print(f"  left out: {missing}", flush=True)
        return {}
    table, labels = prepared("vader_reviews", vader, folder)
    pool, test = table[table["split"] != "test"], table[table["split"] == "test"]
    tuned = ClassifierOptions(
        text=TextOptions(training="full", sequence_length=48),
        training=ClassifierTrainingOptions(max_epochs=10, patience=3, class_weights="square_root"),
    )
    found: dict[str, list[npt.NDArray[np.float32]]] = {"own": [], "without": [], "tuned": []}
    for seed in seeds:
        drawn = pool.sample(frac=_LABELLED, random_state=seed)
        validated, rest = drawn[: len(drawn) // 10], pool.drop(drawn.index)["text"].tolist()
        known = drawn[len(drawn) // 10 :]
        for name, options, unlabelled in (
            ("own", frozen(48), rest),
            ("without", frozen(48), []),
            ("tuned", tuned, []),
        ):
            classifier = learned(labels, known, validated, options, seed, folder, unlabelled)
            found[name].append(classifier.probabilities(test["text"].tolist()))
        scores = {
            name: f1_score(test["place"], each[-1].argmax(axis=1), average="macro") for name, each in found.items()
        }
        print(f"  seed {seed}: {scores}", flush=True)
    true = np.tile(test["place"].to_numpy(), len(found["own"]))
    together = {name: np.concatenate(each) for name, each in found.items()}
    gained = differences(true, together["own"], together["tuned"], seed=0, resamples=1000)["f1_macro"]
    without = differences(true, together["own"], together["without"], seed=0, resamples=1000)["f1_macro"]
    return {
        "self_training_gain": gained["mean"],
        "self_training_low": gained["low"],
        "self_training_of_unlabelled": without["mean"],
        "self_training_draws": len(found["own"]),
    }


def suggested(data: Path, folder: Path, seeds: Iterator[int]) -> Figures:
    """Returns macro-F1 of 300 labels, 200 of them suggested, by that of 600 random ones."""
    table, _ = prepared("clothing_reviews", data / "reviews_clothing", folder)
    pool = table[table["split"] == "train"].sample(_POOL, random_state=0).reset_index(drop=True)
    test = table[table["split"] == "test"].sample(_ASKED, random_state=0)
    encoder = load_text_encoder(TextOptions(sequence_length=64)).reading(4)
    vectors, asked = (encode_texts(encoder, each["text"].tolist(), 256) for each in (pool, test))
    own, others, random_300 = [], [], []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(pool))
        rows = order[:_FIRST]
        while len(rows) < _SUGGESTED:
            left = np.setdiff1d(order, rows)
            probabilities = fitted(vectors[rows], pool["place"].to_numpy()[rows]).predict_proba(vectors[left])
            rows = np.concatenate([rows, left[suggest(probabilities, vectors[left], _AT_ONCE, seed)]])
        for scores, chosen in ((own, rows), (others, order[:_RANDOM]), (random_300, order[:_SUGGESTED])):
            model = fitted(vectors[chosen], pool["place"].to_numpy()[chosen])
            scores.append(f1_score(test["place"], model.predict(asked), average="macro"))
        print(f"  seed {seed}: {own[-1]:.4f}, 600 random {others[-1]:.4f}, 300 random {random_300[-1]:.4f}", flush=True)
    return {
        "suggested_of_random": ratio(float(np.mean(own)), float(np.mean(others))),
        "suggested_f1_macro": float(np.mean(own)),
        "random_600_f1_macro": float(np.mean(others)),
        "random_300_f1_macro": float(np.mean(random_300)),
        "suggested_draws": len(own),
    }


def fitted(vectors: npt.NDArray[np.float32], places: npt.NDArray[np.int64]) -> LogisticRegression:
    """Returns a balanced logistic regression on vectors."""
    return LogisticRegression(C=10.0, class_weight="balanced", max_iter=300).fit(vectors, places)


def frozen(length: int) -> ClassifierOptions:
    """Returns the options of a frozen MiniLM with a wide part."""
    return ClassifierOptions(
        text=TextOptions(training="frozen", sequence_length=length),
        layers=4,
        wide=WideOptions(),
        training=ClassifierTrainingOptions(class_weights="square_root"),
        self_training=SelfTrainingOptions(),
    )


def prepared(name: str, source: Path | None, folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Returns the adapter's texts with the place of each label, and the labels; without a source they lie there."""
    if source is not None:
        prepare_dataset(name, folder / name, source)
    table = pd.read_parquet(folder / name / "texts.parquet")
    labels = sorted(table["label"].unique())
    return table.assign(place=table["label"].map(labels.index)), labels


def learned(
    labels: Sequence[str],
    texts: pd.DataFrame,
    validated: pd.DataFrame,
    options: ClassifierOptions,
    seed: int,
    folder: Path,
    unlabelled: Sequence[str] = (),
) -> FusedClassifier:
    """Returns what texts have taught."""
    splits = (
        LabelledTexts(
            texts=each["text"].tolist(),
            labels=each["place"].to_numpy(np.int64),
            numbers=np.zeros((len(each), 0), np.float32),
        )
        for each in (texts, validated)
    )
    log_uri = tempfile.mkdtemp(dir=folder)
    return build_classifier(labels, *splits, options, seed=seed, log_uri=log_uri, unlabelled=unlabelled).classifier


def score(classifier: FusedClassifier, test: pd.DataFrame) -> float:
    """Returns macro-F1 over test texts."""
    found = classifier.probabilities(test["text"].tolist()).argmax(axis=1)
    return float(f1_score(test["place"], found, average="macro"))


if __name__ == "__main__":
    typer.run(main)
