"""More training texts of rare labels: copies with words written anew, left out and swapped."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from serving.classification.module import beginning
from serving.disguises import undisguised
from trainer.classification.disguising import disguised
from trainer.classification.examples import LabelledTexts
from trainer.classification.options import AugmentationOptions, RobustnessOptions

# Texts that are read at once, as long as they may be.
_READ_AT_ONCE = 1024

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
        weights=np.concatenate([learned.text_weights(), learned.text_weights()[chosen]]),
        users=None if learned.users is None else np.concatenate([learned.users, learned.users[chosen]]),
    )


def as_read(texts: Sequence[str], options: RobustnessOptions) -> list[str]:
    """Returns texts as a classifier with these options reads them."""
    if not options.undisguise:
        return list(texts)
    starts = range(0, len(texts), _READ_AT_ONCE)
    parts = [undisguised(beginning(tf.constant(texts[start : start + _READ_AT_ONCE]))) for start in starts]
    return [text.decode() for part in parts for text in part.numpy().tolist()]


def hardened(
    learned: LabelledTexts, validated: LabelledTexts, options: RobustnessOptions, seed: int
) -> tuple[LabelledTexts, LabelledTexts]:
    """Returns training texts with disguised copies of all of them behind, and validation texts, as they are read.

    Args:
        learned: Training texts; a copy has its text's label, numbers and weight.
        validated: Validation texts, which get no copies.
        options: How many copies, how much of them is changed, and how texts are read.
        seed: Of the choices.
    """
    if options == RobustnessOptions():
        return learned, validated
    random, times = np.random.default_rng([seed, 1]), 1 + options.disguised_copies
    copies = [
        text
        for _ in range(options.disguised_copies)
        for text in disguised(learned.texts, options.disguised_share, random)
    ]
    more = LabelledTexts(
        texts=as_read(learned.texts + copies, options),
        labels=np.tile(learned.labels, times),
        numbers=np.tile(learned.numbers, (times, 1)),
        weights=None if learned.weights is None else np.tile(learned.weights, times),
        groups=None if learned.groups is None else np.tile(learned.groups, times),
    )
    return more, replace(validated, texts=as_read(validated.texts, options))


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
