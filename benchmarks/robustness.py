"""How often a classifier and a search are fooled by texts that a person reads as before, as they are and hardened.

    python benchmarks/robustness.py --data ARCHIVE [--texts 200] [--tries 2] [--training frozen] [--judged FOLDER]

ARCHIVE is vaderSentiment's source distribution, as `pip download --no-deps --no-binary :all: vaderSentiment==3.3.2`
fetches it. Tested on are texts whose crc32 modulo 10 is under 2. A text that is classified right is attacked by letters
of other scripts that look alike, by spaces in words, vowels drawn out, letters swapped, and by words swapped for near
ones along the gradient of the served graph (Ebrahimi et al., "HotFlip", ACL 2018), none of which is in VADER's lexicon
of moods, so that the label stays. The attack succeeds where any of its tries changes the label. Prints the share of
successes and macro-F1 on the texts as they are, before and after `robustness: {undisguise: true, disguised_copies: 1}`.

FOLDER has graded queries, as `search_quality.py` reads them. A search is trained on some of the products through the
pipeline, and its test queries are attacked in the same ways; `search_success` is the share of queries that lose every
answer among the first ten products, and `search_clean` NDCG@10, before and after `serving: {undisguise: true}`.
"""

import sys
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import tensorflow as tf
import typer
from sklearn.metrics import f1_score

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.command_line import NewRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import run_folder
from benchmarks.search_attacks import attack_search
from serving.reasons.explanation import ServedClassifier
from tfx_pipeline.datasets import prepare_dataset
from trainer.classification.augmentation import as_read, hardened
from trainer.classification.classifier import Classifier
from trainer.classification.disguising import DISGUISES
from trainer.classification.examples import LabelledTexts
from trainer.classification.export import served_classifier
from trainer.classification.options import ClassifierOptions, ClassifierTrainingOptions, RobustnessOptions
from trainer.classification.training import train_classifier
from trainer.options import TextOptions

_SHARE, _FLIPS, _NEAR = 0.3, 3, 20
_FROZEN = ClassifierTrainingOptions(learning_rate=2e-3, max_epochs=12, patience=12)
_FULL = ClassifierTrainingOptions(learning_rate=1e-4, max_epochs=3)


def main(
    data: Annotated[Path, typer.Option(help="vaderSentiment's source distribution.")],
    texts: Annotated[int, typer.Option(min=10, help="Test texts that are attacked.")] = 200,
    tries: Annotated[int, typer.Option(min=1, help="Tries of each disguise.")] = 2,
    training: Annotated[str, typer.Option(help="How BERT is trained: frozen or full.")] = "frozen",
    judged: Annotated[Path | None, typer.Option(help="Graded queries to attack; no search where left out.")] = None,
    products: Annotated[int, typer.Option(min=100, help="Products that are searched.")] = 12_000,
    queries: Annotated[int, typer.Option(min=10, help="Test queries that are attacked.")] = 300,
    root: NewRoot = None,
) -> None:
    """Trains, attacks, hardens, and attacks again."""
    print_machine("tensorflow", "keras")
    learned, validated, tested, labels = splits(data)
    moods = lexicon(data)
    figures: dict[str, float | None] = {}
    for name, robustness in {
        "before": RobustnessOptions(),
        "after": RobustnessOptions(undisguise=True, disguised_copies=1, disguised_share=_SHARE),
    }.items():
        model = trained(labels, learned, validated, robustness, "full" if training == "full" else "frozen")
        found = model.labels_of(tested.texts)
        figures[f"clean_{name}"] = float(f1_score(tested.labels, found, average="macro"))
        right = np.flatnonzero(found == tested.labels)[:texts]
        by_attack = attacks(model, [tested.texts[row] for row in right], tested.labels[right], tries, moods)
        figures[f"success_{name}"] = float(np.any(list(by_attack.values()), axis=0).mean())
        figures |= {f"{attack}_{name}": float(won.mean()) for attack, won in by_attack.items()}
        print(name, {key: round(value or 0.0, 4) for key, value in figures.items() if key.endswith(name)}, flush=True)
    if judged is not None:
        with run_folder(root) as folder:
            search = attack_search(judged, folder, products=products, queries=queries, tries=tries, share=_SHARE)
        figures |= {f"search_{name}": value for name, value in search.items()}
    print_figures(figures)


def splits(data: Path) -> tuple[LabelledTexts, LabelledTexts, LabelledTexts, list[str]]:
    """Returns the texts to learn from, to choose the epoch by, and to test on, with the names of labels."""
    with tempfile.TemporaryDirectory() as folder:
        prepare_dataset("vader_reviews", Path(folder), data)
        table = pd.read_parquet(Path(folder) / "texts.parquet")
    table = table[table["text"].str.strip() != ""].drop_duplicates("text")
    names = sorted(set(table["label"]))
    place = np.array([zlib.crc32(text.encode()) % 10 for text in table["text"]])

    def chosen(rows: np.ndarray) -> LabelledTexts:
        part = table[rows]
        places = np.array([names.index(label) for label in part["label"]], np.int64)
        return LabelledTexts(texts=list(part["text"]), labels=places, numbers=np.zeros((len(part), 0), np.float32))

    return chosen(place > 2), chosen(place == 2), chosen(place < 2), names


def lexicon(data: Path) -> frozenset[str]:
    """Returns the words that VADER has a mood for."""
    with tarfile.open(data) as archive:
        (member,) = [each for each in archive.getmembers() if each.name.endswith("/vader_lexicon.txt")][:1]
        file = archive.extractfile(member)
        lines = file.read().decode("utf-8").splitlines() if file is not None else []
    return frozenset(line.split("\t", 1)[0] for line in lines)


class ReadingClassifier(NamedTuple):
    """A classifier with how it reads texts."""

    classifier: Classifier
    robustness: RobustnessOptions

    def labels_of(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the best label of each text, int64 `(texts,)`."""
        found: np.ndarray = self.classifier.probabilities(as_read(texts, self.robustness)).argmax(axis=1)
        return found


def trained(
    labels: Sequence[str],
    learned: LabelledTexts,
    validated: LabelledTexts,
    robustness: RobustnessOptions,
    training: Literal["frozen", "full"],
) -> ReadingClassifier:
    """Trains a classifier as the product does."""
    learned, validated = hardened(learned, validated, robustness, seed=0)
    options = ClassifierOptions(
        text=TextOptions(training=training, sequence_length=64),
        layers=1 if training == "full" else 4,
        training=_FULL if training == "full" else _FROZEN,
    )
    with tempfile.TemporaryDirectory() as folder:
        classifier = train_classifier(labels, learned, validated, options, seed=0, log_uri=folder).classifier
    return ReadingClassifier(classifier, robustness)


def attacks(
    model: ReadingClassifier, texts: list[str], labels: np.ndarray, tries: int, moods: frozenset[str]
) -> dict[str, np.ndarray]:
    """Returns which texts each attack gets past the classifier, bool `(texts,)`."""
    random = np.random.default_rng(0)
    won = {}
    for name, disguise in DISGUISES.items():
        made = [disguise(text, _SHARE, random) for _ in range(tries) for text in texts]
        found = model.labels_of(made).reshape(tries, -1)
        won[name] = (found != labels).any(axis=0)
    swapped = swap_words(model.classifier, as_read(texts, model.robustness), labels, moods)
    won["swapped_words"] = model.labels_of(swapped) != labels
    return won


def swap_words(classifier: Classifier, texts: list[str], labels: np.ndarray, moods: frozenset[str]) -> list[str]:
    """Swaps up to three words of each text for near ones, where the gradient says that it tells most."""
    served = served_classifier(classifier)
    near = NearWords(served, [str(word) for word in classifier.text_encoder.tokenizer.get_vocabulary()], moods)
    made = list(texts)
    for _ in range(_FLIPS):
        for start in range(0, len(made), 32):
            rows = slice(start, start + 32)
            made[rows] = _flipped(served, made[rows], labels[rows], near)
    return made


class NearWords:
    """Which words are near which by the vectors that a classifier reads them as, without words that have a mood."""

    def __init__(self, served: ServedClassifier, words: list[str], moods: frozenset[str]) -> None:
        self.words = words
        self.plain = np.array(
            [word.isascii() and word.isalpha() and len(word) > 2 and word not in moods for word in words]
        )
        self.vectors = served.embed_tokens(tf.range(len(words))[tf.newaxis])[0].numpy()
        self._ids = np.flatnonzero(self.plain)
        units = self.vectors[self._ids]
        self._units = units / np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-9)
        # Texts use a few words over and over.
        self._near: dict[int, np.ndarray] = {}

    def of(self, word: int) -> np.ndarray:
        """Returns the words nearest to one of those that have no mood, int64 `(near,)`."""
        if word not in self._near:
            place = int(np.searchsorted(self._ids, word))
            order = np.argpartition(-(self._units @ self._units[place]), _NEAR)[: _NEAR + 1]
            self._near[word] = self._ids[order[order != place]]
        return self._near[word]


def _flipped(served: ServedClassifier, texts: list[str], labels: np.ndarray, near: NearWords) -> list[str]:
    tokens = served.tokenize(tf.constant(texts))
    embeddings = served.embed_tokens(tokens.ids)
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        probabilities = served.classify_embeddings(embeddings, tokens.mask, tf.zeros([len(texts), 0]))
        loss = -tf.math.log(tf.gather(probabilities, labels, batch_dims=1) + 1e-9)
    slopes, ids = tape.gradient(loss, embeddings).numpy(), tokens.ids.numpy()
    made = []
    for row, text in enumerate(texts):
        best, swap = 0.0, None
        for place in np.flatnonzero(tokens.shown[row].numpy() & near.plain[ids[row]]).tolist():
            token = int(ids[row, place])
            word = near.words[token]
            if f" {word} " not in f" {text.lower()} ":
                continue
            others = near.of(token)
            gains = (near.vectors[others] - near.vectors[token]) @ slopes[row, place]
            if gains.max() > best:
                best, swap = float(gains.max()), (word, near.words[others[int(gains.argmax())]])
        made.append(text if swap is None else f" {text.lower()} ".replace(f" {swap[0]} ", f" {swap[1]} ", 1).strip())
    return made


if __name__ == "__main__":
    typer.run(main)
