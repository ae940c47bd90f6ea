"""The model writing on product descriptions and on replies to customers, and how fast it writes.

    python benchmarks/texts.py --data ../shared/data [--parts myntra,bitext,speed] [--steps 0] [--model NAME]
        [--saved FOLDER] [--rows 200] [--precision mixed_bfloat16] [--no-known]

Myntra: 200 products (`--rows`), those of the lowest hash of a tenth of the brands by hash; descriptions of all other
brands are known. A text is made of name, brand, colour and gender. chrF is that of the texts as one corpus; coverage
the share of the name's words without brand and gender, and of the colour, that a text has; contradicted the share of
the texts that name a colour which neither name nor colour has. Beside it: the nearest name's description as it is,
and a template.

Bitext: replies to 200 questions, those of the lowest hash of a fifth by hash; the found answer is the central one of
the other replies to the same intent. Invented is the share of the replies with a number or a link that neither the
question nor the found answer has. Beside it: the nearest question's reply.

Speed: tokens of the greedy text, the model as it is served, for one product at a time and for eight at once.

`--steps` fine-tunes the language model by LoRA on the known texts first, so many batches of 8. The shop's own texts,
put right, go before the language model's where they pass, which is nearly always; `--no-known` has the language model
write all, or a template where its text does not pass.
"""

import hashlib
import math
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_text  # noqa: F401
import typer
from sklearn.feature_extraction.text import TfidfVectorizer

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from components.writing.examples.replies import central_answer
from components.writing.writer import Candidate, Writer
from serving.signature_names import SERVING_DEFAULT
from trainer.metrics.chrf import chrf
from trainer.writing.export import export_writing
from trainer.writing.language_model import load_language_model
from trainer.writing.options import DESCRIPTION, REPLY, FineTuningOptions, LanguageModelOptions, WritingOptions
from trainer.writing.pairs import Pair, requests
from trainer.writing.tuning import tune

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LINKING = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
_TEXTS_AT_ONCE, _SPEED_BATCH, _ROUNDS = 8, 8, 3


def main(
    data: Annotated[Path, typer.Option(help="Folder with product_texts/ and support/.")],
    parts: Annotated[str, typer.Option(help="Of myntra, bitext, speed.")] = "myntra,bitext,speed",
    steps: Annotated[int, typer.Option(help="Batches of the known texts that the language model learns from.")] = 0,
    model: Annotated[str, typer.Option(help="The language model.")] = LanguageModelOptions().model,
    saved: Annotated[Path | None, typer.Option(help="Keep the served model here, or take the one that is.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Texts that are judged of each data set.")] = 200,
    precision: Annotated[str, typer.Option(help="What the language model learns in, such as mixed_bfloat16.")] = "auto",
    known: Annotated[bool, typer.Option(help="Also the shop's own texts; without them, the model's alone.")] = True,
    seed: int = 0,
) -> None:
    """Writes texts with the model as it is served, and with the shop's known ones."""
    print_machine("tensorflow", "keras", "keras-nlp", "scikit-learn")
    products, replies = myntra_pairs(data / "product_texts", rows), bitext_pairs(data / "support", rows)
    options = WritingOptions(
        language=LanguageModelOptions(model=model, new_tokens=64), training=FineTuningOptions(precision=precision)
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(saved or Path(scratch) / "model")
        if not Path(folder, "saved_model.pb").exists():
            learned = [pair for pair in (*products[0], *replies[0]) if pair.target] if steps else []
            build(folder, options, learned, [pair.named()["brand"] for pair in products[0] + products[1]], steps, seed)
        figures: dict[str, float | None] = {}
        for part in parts.split(","):
            started = time.monotonic()
            if part == "speed":
                figures |= speed(folder, products[1])
            else:
                shop, asked = {"myntra": products, "bitext": replies}[part]
                writer = Writer(folder, shop if part == "myntra" else [], options.checks.terms)
                texts = [found[0] for found in in_batches(writer, asked)] if known else by_model(folder, asked)
                count(texts)
                measure = {"myntra": measured_descriptions, "bitext": measured_replies}[part]
                figures |= measure(writer, shop, asked, [each.text for each in texts], options)
            print(f"{part}: {time.monotonic() - started:.0f} s", flush=True)
    print_figures(figures)


def build(
    folder: str, options: WritingOptions, learned: Sequence[Pair], brands: Sequence[str], steps: int, seed: int
) -> None:
    """Fine-tunes if that is wanted, and writes what is served."""
    started = time.monotonic()
    held_out = [pair for pair in learned if place(pair.target) < 0.01]
    with tempfile.TemporaryDirectory() as logs:
        language, summary = tune(
            lambda: load_language_model(options.language.model),
            [pair for pair in learned if place(pair.target) >= 0.01],
            held_out,
            options,
            seed=seed,
            log_uri=logs,
            most_steps=steps or None,
        )
    export_writing(folder, language, options, sorted(set(brands)), {}, summary)
    print(f"model: {time.monotonic() - started:.0f} s, {summary}", flush=True)


def myntra_pairs(folder: Path, count: int) -> tuple[list[Pair], list[Pair]]:
    """Returns descriptions that are known, and those to be written, with the shop's own."""
    table = pd.read_parquet(folder / "myntra.parquet")
    is_test = table["brand"].map(place) < 0.1
    rows = table[is_test].assign(place=table["product_id"].astype(str).map(place)).sort_values("place")[:count]
    return [product_pair(row) for row in table[~is_test].to_dict("records")], [
        product_pair(row) for row in rows.to_dict("records")
    ]


def product_pair(row: dict[str, str]) -> Pair:
    """Returns a description with its facts."""
    attributes = f"colour: {row['color']}, gender: {row['gender']}"
    fields = {"title": row["name"], "brand": row["brand"], "attributes": attributes}
    return Pair.of(DESCRIPTION, fields, row["description"])


def bitext_pairs(folder: Path, count: int) -> tuple[list[Pair], list[Pair]]:
    """Returns replies that are known, and those to be written, with what was answered."""
    table = pd.read_parquet(folder / "bitext_responses_4514.parquet").drop_duplicates("instruction")
    table = table.assign(place=table["instruction"].map(place)).sort_values("place")
    known, rows = table[table["place"] >= 0.2], table[table["place"] < 0.2][:count]
    central = {
        intent: central_answer(list(zip(group["instruction"], group["response"], strict=True)))
        for intent, group in known.groupby("intent")
    }
    return tuple(
        [
            Pair.of(REPLY, {"question": row["instruction"], "answer": central[row["intent"]]}, row["response"])
            for row in part.to_dict("records")
        ]
        for part in (known, rows)
    )


def in_batches(writer: Writer, pairs: Sequence[Pair]) -> list[list[Candidate]]:
    """Returns a text for each pair."""
    found = []
    for start in range(0, len(pairs), _TEXTS_AT_ONCE):
        found += writer.write(pairs[start : start + _TEXTS_AT_ONCE], 1)
    return found


def by_model(folder: str, pairs: Sequence[Pair]) -> list[Candidate]:
    """Returns what the served model answers to each pair; how much of the facts it says is not asked."""
    serve, found = tf.saved_model.load(folder).signatures[SERVING_DEFAULT], []
    for start in range(0, len(pairs), _TEXTS_AT_ONCE):
        answer = serve(**requests(pairs[start : start + _TEXTS_AT_ONCE]))
        rows = zip(*(answer[name].numpy().tolist() for name in ("text", "written_by", "reason")), strict=True)
        found += [Candidate(text.decode(), by.decode(), math.nan, reason.decode()) for text, by, reason in rows]
    return found


def count(texts: Sequence[Candidate]) -> None:
    """Prints whose texts they are."""
    by = pd.Series([each.written_by for each in texts]).value_counts()
    print(", ".join(f"{number} by {name}" for name, number in by.items()), flush=True)


def measured_descriptions(
    writer: Writer, known: Sequence[Pair], asked: Sequence[Pair], texts: Sequence[str], options: WritingOptions
) -> dict[str, float | None]:
    """Returns the figures of descriptions."""
    vectorizer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
    vectors = vectorizer.fit_transform([pair.named()["title"] for pair in known])
    nearest = (vectorizer.transform([pair.named()["title"] for pair in asked]) @ vectors.T).toarray().argmax(1)
    colours = frozenset(options.checks.terms["colour"])
    systems = {
        "": texts,
        "_nearest": [known[row].target for row in nearest],
        "_template": [template_of(pair) for pair in asked],
        "_reference": [pair.target for pair in asked],
    }
    figures: dict[str, float | None] = {}
    for name, written in systems.items():
        rows = list(zip(written, asked, strict=True))
        figures |= {
            f"myntra_chrf{name}": chrf(written, [pair.target for pair in asked]),
            f"myntra_coverage{name}": float(np.mean([coverage(text, pair) for text, pair in rows])),
            f"myntra_contradicted{name}": float(
                np.mean([bool(contradicted(text, pair, colours)) for text, pair in rows])
            ),
        }
    for text, pair in list(zip(texts, asked, strict=True))[:3]:
        print(f"  {pair.named()['title']}: {text}", flush=True)
    return figures


def measured_replies(
    writer: Writer, known: Sequence[Pair], asked: Sequence[Pair], texts: Sequence[str], options: WritingOptions
) -> dict[str, float | None]:
    """Returns the figures of replies."""
    vectorizer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
    vectors = vectorizer.fit_transform([pair.named()["question"] for pair in known])
    nearest = (vectorizer.transform([pair.named()["question"] for pair in asked]) @ vectors.T).toarray().argmax(1)
    targets = [pair.target for pair in asked]
    reasons = writer.reasons(asked, texts)
    return {
        "bitext_chrf": chrf(texts, targets),
        "bitext_chrf_nearest": chrf([known[row].target for row in nearest], targets),
        "bitext_invented": float(np.mean([bool(re.search(r"\b(number|link) ", why)) for why in reasons])),
    }


def speed(folder: str, pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Returns tokens a second, the median of some rounds, for one text at a time and for eight."""
    model = tf.saved_model.load(folder)
    seconds: dict[int, list[float]] = {1: [], _SPEED_BATCH: []}
    for size, found in seconds.items():
        for turn in range(_ROUNDS + 1):
            batch = requests(pairs[turn * size : (turn + 1) * size])
            started = time.monotonic()
            tokens = int(tf.reduce_sum(model.signatures[SERVING_DEFAULT](**batch)["tokens"]))
            # The first time prepares the graph.
            if turn:
                found.append(tokens / (time.monotonic() - started))
    alone, together = (float(np.median(seconds[size])) for size in (1, _SPEED_BATCH))
    return {"tokens_per_second": alone, "batch_gain": ratio(together, alone)}


def place(text: str) -> float:
    """Returns the place of a text between 0 and 1 by sha256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def plain(text: str) -> set[str]:
    """Returns the distinct words of a text in lower case."""
    return {word.lower() for word in _WORD.findall(text)}


def coverage(text: str, pair: Pair) -> float:
    """Returns the share of a product's words that a text has."""
    fields = pair.named()
    colour, gender = (part.split(": ")[1] for part in fields["attributes"].split(", "))
    wanted = plain(fields["title"]) - plain(fields["brand"]) - {gender.lower()} - _LINKING | {colour.lower()}
    return len(wanted & plain(text)) / len(wanted)


def contradicted(text: str, pair: Pair, colours: frozenset[str]) -> set[str]:
    """Returns the colours in a text that the product does not have."""
    return (plain(text) & colours) - plain(" ".join(pair.fields))


def template_of(pair: Pair) -> str:
    """Returns what is said of a product without a model."""
    fields = pair.named()
    return f"{fields['title']} by {fields['brand']}. {fields['attributes']}."


if __name__ == "__main__":
    typer.run(main)
