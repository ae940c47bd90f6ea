"""The model support on two sets of questions: the task's own model and training function beside its peers.

    python benchmarks/answers.py --data ../shared/data [--parts amazon,bitext] [--set training.max_epochs=5 …]
        [--peers/--no-peers] [--seed 0]

Amazon: 1,000 questions about appliances, drawn by seed 0, to 3,000 answers; questions and answers of fewer than 20
characters (yes, no) and repeated ones are left out. What is learned from are the questions outside these 1,000, whose
answers are not looked for by anybody else; a tenth of them by hash is validated on. Ids of products are not used.

Bitext: 6,480 questions to a shop's 27 answers, each with the name of its intent. Without any question: the answers
alone. With few: 5 questions an intent are learned from, over 5 draws. Coverage: 10 more an intent are what the
threshold is set by, and all others are asked: the share that is answered, and the share of that which is wrong. Then
a third of the answers is taken away with their questions, and these are asked: the share that is answered nonetheless.
"""

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import tensorflow as tf
import typer
import yaml

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.graph.words import index_words, plain_words
from serving.support.scorer import NEAREST, TEXT
from serving.support.sureness import signs_of
from trainer.options import TextOptions
from trainer.support.answers import Answers, Questions
from trainer.support.building import BuiltSupport, build_support
from trainer.support.options import SupportOptions
from trainer.text.backbone import TextEncoder, encode_texts, load_text_encoder

_ASKED, _POOL, _SHORTEST = 1_000, 3_000, 20
_FEW, _MORE, _DRAWS = 5, 10, 5
_AT_ONCE = 128


def main(
    data: Annotated[Path, typer.Option(help="Folder with support/.")],
    parts: Annotated[str, typer.Option(help="Of amazon, bitext.")] = "amazon,bitext",
    overrides: Annotated[
        list[str], typer.Option("--set", help="An option of training, as in training.max_epochs=5.")
    ] = [],  # noqa: B006
    peers: Annotated[bool, typer.Option(help="Also BM25 and the encoder as it is.")] = True,
    seed: int = 0,
) -> None:
    """Asks each set of questions."""
    print_machine("tensorflow", "keras", "scikit-learn")
    options = with_overrides(SupportOptions(text=TextOptions(sequence_length=128, batch_size=32)), overrides)
    figures: dict[str, float | None] = {}
    for part in parts.split(","):
        started = time.monotonic()
        ask = {"amazon": amazon, "bitext": bitext}[part]
        figures |= ask(data / "support", options, seed, peers)
        print(f"{part}: {time.monotonic() - started:.0f} s", flush=True)
    print_figures(figures)


def amazon(folder: Path, options: SupportOptions, seed: int, peers: bool) -> dict[str, float | None]:
    """Ranks the answers of 3,000 questions for 1,000 of them."""
    table = pd.read_parquet(folder / "amazon_qa_appliances.parquet")
    long = (table["question"].str.len() >= _SHORTEST) & (table["answer"].str.len() >= _SHORTEST)
    table = table[long].drop_duplicates("question").drop_duplicates("answer").reset_index(drop=True)
    order = np.random.default_rng(0).permutation(len(table))
    asked, pool = order[:_ASKED], order[:_POOL]
    questions, texts = table["question"].to_numpy(), table["answer"].tolist()
    rest = order[_ASKED:]
    held_out = np.array([by_hash(questions[row]) < 0.1 for row in rest])
    learned, validated = (pairs(questions, rest[rows]) for rows in (~held_out, held_out))
    built = built_from(Answers.of_texts(texts), learned, validated, options, seed)
    shown(built)
    expected = np.arange(_ASKED)
    systems: dict[str, Callable[[], np.ndarray]] = {
        "this model": lambda: scored(built, list(questions[asked]), built.encode(list(questions[asked])))[:, pool]
    }
    if peers:
        encoder = load_text_encoder(options.text)
        systems["encoder"] = lambda: cosines(encoder, list(questions[asked]), [texts[row] for row in pool])
        systems["bm25"] = lambda: bm25(list(questions[asked]), [texts[row] for row in pool])
    figures: dict[str, float | None] = {}
    for name, scores in systems.items():
        first, reciprocal = ranked(scores(), expected)
        print(f"amazon {name:<12} R@1 {first:.4f}  MRR {reciprocal:.4f}", flush=True)
        ending = "" if name == "this model" else f"_{name}"
        figures |= {f"amazon_r1{ending}": first, f"amazon_mrr{ending}": reciprocal}
    return figures


def bitext(folder: Path, options: SupportOptions, seed: int, peers: bool) -> dict[str, float | None]:
    """Asks for 27 answers without any question known, with 5 an intent, and with a threshold."""
    table = pd.read_parquet(folder / "bitext_canned_6480.parquet")
    by_answer = table.groupby("response", sort=True)["intent"].first()
    answers = Answers.of_texts(by_answer.index.tolist(), by_answer.tolist())
    place = {text: row for row, text in enumerate(answers.texts)}
    expected = table["response"].map(place).to_numpy(np.int32)
    questions = table["instruction"].tolist()
    nothing = Questions(texts=[], answers=np.zeros(0, np.int32))
    built = built_from(answers, nothing, nothing, options, seed)
    encoded = built.encode(questions)
    first, reciprocal = ranked(scored(built, questions, encoded), expected)
    print(f"bitext, nothing known: R@1 {first:.4f}  MRR {reciprocal:.4f}", flush=True)
    figures: dict[str, float | None] = {"bitext_r1": first, "bitext_mrr": reciprocal}
    if peers:
        texts = encode_texts(load_text_encoder(options.text), answers.texts, _AT_ONCE)
        for name, scores in (("encoder", encoded @ texts.T), ("bm25", bm25(questions, answers.texts))):
            other, other_reciprocal = ranked(scores, expected)
            print(f"bitext, nothing known, {name}: R@1 {other:.4f}  MRR {other_reciprocal:.4f}", flush=True)
            figures |= {f"bitext_r1_{name}": other, f"bitext_mrr_{name}": other_reciprocal}
    few, nearest, covered, wrong, without = [], [], [], [], []
    for draw in range(_DRAWS):
        random = np.random.default_rng(draw)
        drawn = [random.permutation(np.flatnonzero(expected == row)) for row in range(len(answers))]
        learned = np.concatenate([each[:_FEW] for each in drawn])
        validated = np.concatenate([each[_FEW : _FEW + _MORE] for each in drawn])
        rest = np.setdiff1d(np.arange(len(questions)), learned)
        known = taken(questions, expected, learned)
        built = built_from(answers, known, nothing, options, seed)
        logits = built.scorer.intent_logits(tf.constant(encoded[rest]))
        intents = np.array([] if logits is None else logits.numpy().argmax(axis=1))
        few.append(float((intents == answers.intent_places()[expected[rest]]).mean()))
        nearest.append(
            float((expected[learned][(encoded[rest] @ encoded[learned].T).argmax(1)] == expected[rest]).mean())
        )
        rest = np.setdiff1d(rest, validated)
        built = built_from(answers, known, taken(questions, expected, validated), options, seed)
        scores, sure = sureness(built, [questions[row] for row in rest], encoded[rest])
        given = sure >= built.confidence.threshold
        covered.append(float(given.mean()))
        wrong.append(float((scores.argmax(axis=1) != expected[rest])[given].mean()) if given.any() else 0.0)
        without.append(
            answered_without_answer(answers, questions, expected, encoded, learned, validated, options, seed, draw)
        )
        print(
            f"bitext, draw {draw}: intents {few[-1]:.4f} (nearest {nearest[-1]:.4f}), answers "
            f"{(scores.argmax(1) == expected[rest]).mean():.4f}, answered {covered[-1]:.4f}, wrong {wrong[-1]:.4f}, "
            f"answered without an answer {without[-1]:.4f}",
            flush=True,
        )
    return figures | {
        "bitext_few": float(np.mean(few)),
        "bitext_few_encoder": float(np.mean(nearest)),
        "coverage": float(np.mean(covered)),
        "coverage_wrong": float(np.mean(wrong)),
        "answered_without_answer": float(np.mean(without)),
    }


def answered_without_answer(
    answers: Answers,
    questions: Sequence[str],
    expected: np.ndarray,
    encoded: np.ndarray,
    learned: np.ndarray,
    validated: np.ndarray,
    options: SupportOptions,
    seed: int,
    draw: int,
) -> float:
    """Takes a third of the answers away, and returns the share that is answered of the questions which had them."""
    lost = np.random.default_rng(draw).permutation(len(answers))[: len(answers) // 3]
    kept = np.setdiff1d(np.arange(len(answers)), lost)
    place = np.full(len(answers), -1, np.int32)
    place[kept] = np.arange(len(kept))
    known, tried = (
        taken(questions, place[expected], rows[np.isin(expected[rows], kept)]) for rows in (learned, validated)
    )
    fewer = Answers.of_texts([answers.texts[row] for row in kept], [answers.intents[row] for row in kept])
    built = built_from(fewer, known, tried, options, seed)
    asked = np.flatnonzero(np.isin(expected, lost))
    _, sure = sureness(built, [questions[row] for row in asked], encoded[asked])
    return float((sure >= built.confidence.threshold).mean())


def built_from(
    answers: Answers, learned: Questions, validated: Questions, options: SupportOptions, seed: int
) -> BuiltSupport:
    """Calls the task's own training function."""
    with tempfile.TemporaryDirectory() as logs:
        return build_support(answers, learned, validated, options, seed=seed, log_uri=logs)


def by_hash(text: str) -> float:
    """Returns the place of a text between 0 and 1 by sha256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def pairs(questions: Sequence[str], rows: np.ndarray) -> Questions:
    """Returns some questions, each with the answer of its row."""
    return Questions(texts=[questions[row] for row in rows], answers=rows.astype(np.int32))


def taken(questions: Sequence[str], answers: np.ndarray, rows: np.ndarray) -> Questions:
    """Returns some questions with their answers."""
    return Questions(texts=[questions[row] for row in rows], answers=answers[rows])


def scored(built: BuiltSupport, questions: list[str], encoded: np.ndarray) -> np.ndarray:
    """Returns the score of each answer for each question."""
    return sureness(built, questions, encoded)[0]


def sureness(built: BuiltSupport, questions: list[str], encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns scores of answers, and how probable it is that the best one is right."""
    scores, sure = [], []
    for start in range(0, len(questions), _AT_ONCE):
        vectors = tf.constant(encoded[start : start + _AT_ONCE])
        asked = built.scorer.read(tf.constant(questions[start : start + _AT_ONCE]), vectors)
        found = built.scorer.features(asked, built.scorer.intent_logits(vectors))
        scores.append(built.scorer.scores(found).numpy())
        signs = signs_of(tf.constant(scores[-1]), found[TEXT], found[NEAREST]).numpy()
        sure.append(built.confidence.probabilities(signs.astype(np.float64)))
    return np.concatenate(scores), np.concatenate(sure)


def cosines(encoder: TextEncoder, questions: list[str], texts: list[str]) -> np.ndarray:
    """Returns what the encoder alone says."""
    return encode_texts(encoder, questions, _AT_ONCE) @ encode_texts(encoder, texts, _AT_ONCE).T


def bm25(questions: list[str], texts: Sequence[str], k1: float = 1.5, b: float = 0.75) -> np.ndarray:
    """Returns BM25 as Lucene has it, over the words that search splits texts into."""
    documents, asked = (index_words(plain_words(tf.constant(list(each)))).to_list() for each in (texts, questions))
    lengths = np.array([len(words) for words in documents])
    postings: dict[bytes, dict[int, int]] = {}
    for row, words in enumerate(documents):
        for word in words:
            counts = postings.setdefault(word, {})
            counts[row] = counts.get(row, 0) + 1
    scores = np.zeros((len(questions), len(texts)))
    for row, words in enumerate(asked):
        for word in set(words):
            found = postings.get(word, {})
            places, counts = np.array(list(found), np.int64), np.array(list(found.values()), np.float64)
            rarity = np.log1p((len(texts) - len(places) + 0.5) / (len(places) + 0.5))
            scores[row, places] += rarity * counts / (counts + k1 * (1 - b + b * lengths[places] / lengths.mean()))
    return scores


def ranked(scores: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """Returns the share of the right answers that are first, and the mean reciprocal rank; ties count against it."""
    own = np.take_along_axis(scores, expected[:, np.newaxis].astype(np.int64), axis=1)
    ranks = (scores >= own).sum(axis=1)
    return float((ranks == 1).mean()), float((1.0 / ranks).mean())


def shown(built: BuiltSupport) -> None:
    """Prints what training has found."""
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in built.summary["weights"].items())
    print(f"trained {built.dual.trained}, {weights}; MRR {built.summary['mrr']}", flush=True)


def with_overrides(options: SupportOptions, overrides: Sequence[str]) -> SupportOptions:
    """Returns options with some of them set, as `--set a.b=c` does for a run."""
    values = options.model_dump()
    for override in overrides:
        key, _, value = override.partition("=")
        *groups, name = key.split(".")
        group = values
        for each in groups:
            group = group[each]
        group[name] = yaml.safe_load(value)
    return SupportOptions.model_validate(values)


if __name__ == "__main__":
    typer.run(main)
