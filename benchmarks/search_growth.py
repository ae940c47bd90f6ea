"""How the time of training search grows with the catalogue, for a shop of which nobody has asked anything yet.

    python benchmarks/search_growth.py [--few 50000] [--many 200000] [--before ../before]

Titles are made with a seed: words of a vocabulary of 20,000 by Zipf's law, a brand, an attribute and a size. Only
what SearchTrainer does is timed, each in a process of its own: it reads the titles' vectors, encodes the made queries
with the default BERT, mines negatives, learns and judges. The titles' own vectors, which another node makes and whose
time grows in proportion to them, are means of BERT's token embeddings here. `--before` is another checkout, with an
interpreter in its `.venv`, which trains on the fewer titles too.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.command_line import THIS_PYTHON
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine

_HERE = Path(__file__).resolve().parents[1]
_PEER = _HERE / "benchmarks" / "peers" / "search_training.py"
VOCABULARY, BRANDS, ATTRIBUTES = 20_000, 500, 40
_SYLLABLES = [consonant + vowel for consonant in "bcdfghklmnprstvz" for vowel in "aeiou"]


def made_titles(count: int, seed: int = 0) -> pa.Table:
    """Returns a products table of `count` titles of five to ten words."""
    random = np.random.default_rng(seed)
    words = made_words(VOCABULARY, random)
    brands, attributes = made_words(BRANDS, random), made_words(ATTRIBUTES, random)
    chances = 1.0 / np.arange(1, VOCABULARY + 1)
    lengths = random.integers(2, 7, count)
    drawn = np.split(random.choice(VOCABULARY, lengths.sum(), p=chances / chances.sum()), np.cumsum(lengths)[:-1])
    titles = [
        f"{brands[brand].title()} {attributes[attribute]} {' '.join(words[word] for word in own)} {size} oz"
        for own, brand, attribute, size in zip(
            drawn,
            random.zipf(1.5, count) % BRANDS,
            random.integers(0, ATTRIBUTES, count),
            random.integers(1, 64, count),
            strict=True,
        )
    ]
    return pa.table({"product_id": [f"p{number}" for number in range(count)], "title": titles})


def made_words(count: int, random: np.random.Generator) -> list[str]:
    """Returns distinct words of two to four syllables."""
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(random.choice(_SYLLABLES, random.integers(2, 5)))] = None
    return list(words)


def train(checkout: Path, python: str, titles: Path) -> float:
    """Returns the seconds that a checkout's training took."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, str(_PEER), str(titles), str(checkout), folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"Training ended with {done.returncode}; run {_PEER.name} to see why.")
    answer = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{checkout.name:<20}{answer['texts']:10,} titles {answer['queries']:10,} queries {answer['seconds']:10.1f} s",
        flush=True,
    )
    return float(answer["seconds"])


def main(
    few: Annotated[int, typer.Option(min=100, help="Titles of the smaller shop.")] = 50_000,
    many: Annotated[int, typer.Option(min=100, help="Titles of the larger shop.")] = 200_000,
    before: Annotated[Path | None, typer.Option(help="Another checkout to train with, too.")] = None,
    titles: Annotated[Path | None, typer.Option(help="Parquet file with titles to compare both checkouts on.")] = None,
) -> None:
    """Trains on both, and with the build before on the fewer."""
    print_machine("tensorflow", "keras")
    with tempfile.TemporaryDirectory() as folder:
        files = {count: Path(folder) / f"{count}.parquet" for count in (few, many)}
        for count, file in files.items():
            pq.write_table(made_titles(count), file)
        seconds = {count: train(_HERE, THIS_PYTHON, file) for count, file in files.items()}
        now = then = None
        if before is not None:
            compared = titles.resolve() if titles is not None else files[few]
            now = seconds[few] if titles is None else train(_HERE, THIS_PYTHON, compared)
            checkout = before.resolve()
            then = train(checkout, str(checkout / ".venv" / "bin" / "python"), compared)
    print_figures(
        {
            "time_ratio": ratio(seconds[many], seconds[few]),
            "few_seconds": seconds[few],
            "many_seconds": seconds[many],
            "before_ratio": ratio(now, then),
            "before_seconds": then,
        }
    )


if __name__ == "__main__":
    typer.run(main)
