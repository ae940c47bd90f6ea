"""More training texts of rare labels: copies with words written anew, left out and swapped."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from trainer.classification.examples import LabelledTexts
from trainer.classification.options import AugmentationOptions

Rewrite: TypeAlias = Callable[[Sequence[str], np.random.Generator], list[str]]


def augment(
    learned: LabelledTexts, options: AugmentationOptions, seed: int, rewrite: Rewrite | None = None
) -> LabelledTexts:
    """Adds changed copies of the texts whose label is rare, after all that were there.

    A label with fewer than `options.min_label_texts` texts gets copies up to that number, but at most
    `options.max_copies` of each text; the texts take turns in random order. A copy has its text's label and numbers.

    Source: random swap and random deletion as in Wei and Zou, "EDA: easy data augmentation techniques for boosting
    performance on text classification tasks", EMNLP 2019.

    Args:
        learned: Training texts; those of other splits are to stay as they are.
        options: How many copies, and how much of them is changed.
        seed: Of the choices.
        rewrite: Writes some words of texts anew; None leaves that out.
    """
    random = np.random.default_rng(seed)
    counts = np.bincount(learned.labels)
    sources: list[int] = []
    for label, count in enumerate(counts.tolist()):
        copies = min(options.min_label_texts - count, options.max_copies * count)
        if copies > 0:
            rows = random.permutation(np.flatnonzero(learned.labels == label))
            sources.extend(np.resize(rows, copies).tolist())
    chosen = np.array(sources, np.int64)
    copies_of = [learned.texts[row] for row in sources]
    if rewrite is not None:
        copies_of = rewrite(copies_of, random)
    return LabelledTexts(
        texts=learned.texts + [changed(text, options, random) for text in copies_of],
        labels=np.concatenate([learned.labels, learned.labels[chosen]]),
        numbers=np.concatenate([learned.numbers, learned.numbers[chosen]]),
    )


def changed(text: str, options: AugmentationOptions, random: np.random.Generator) -> str:
    """Returns a text with some of its words left out, at least one kept, and some neighbours swapped.

    A text without spaces, as Chinese is written, is changed character by character.

    Args:
        text: The text.
        options: Shares of the words that are left out, and swapped with the next one.
        random: Draws the words.
    """
    words: Sequence[str] = text.split()
    joined = " "
    if len(words) == 1:
        words, joined = list(text.strip()), ""
    if not words:
        return text
    kept = random.random(len(words)) >= options.word_dropout
    kept[random.integers(len(words))] = True
    left = [word for word, keep in zip(words, kept, strict=True) if keep]
    for place in np.flatnonzero(random.random(len(left) - 1) < options.swaps).tolist():
        left[place], left[place + 1] = left[place + 1], left[place]
    return joined.join(left)
