"""Texts whose label is told by one word, over the tiny vocabulary, with labels as odd as they come."""

from pathlib import Path

import numpy as np

from trainer.classification.examples import LabelledTexts
from trainer.classification.options import ClassifierOptions, ClassifierTrainingOptions, HeadOptions
from trainer.classification.training import TrainedClassifier, train_classifier
from trainer.options import TextOptions

# Each label and the word that tells it.
WORDS = {'a/b\n"c",': "milk", "牛奶": "bread", "<b>\t&amp;": "tea"}
LABELS = tuple(WORDS)
_OTHERS = ("red", "green", "big", "small", "kids", "12", "a", "b", "c", "d")


def made_texts(rows: int, seed: int, numbers: int = 0) -> LabelledTexts:
    """Texts of one telling word among three others; the first number tells the label too."""
    random = np.random.default_rng(seed)
    labels = random.integers(len(LABELS), size=rows)
    words = list(WORDS.values())
    texts = [" ".join(random.permutation([words[label], *random.choice(_OTHERS, 3)])) for label in labels]
    values = random.normal(size=(rows, numbers)).astype(np.float32)
    if numbers:
        values[:, 0] = 1000.0 * labels
    return LabelledTexts(texts=texts, labels=labels.astype(np.int64), numbers=values)


def options(
    tiny_bert: Path, training: str, *, units: int = 0, epochs: int = 4, learning_rate: float = 1e-2, **more: object
) -> ClassifierOptions:
    """Options that learn the made texts in seconds."""
    return ClassifierOptions(
        text=TextOptions(backbone=str(tiny_bert), training=training, lora_rank=4, sequence_length=16, batch_size=64),
        head=HeadOptions(units=units, dropout=0.0),
        training=ClassifierTrainingOptions(
            max_epochs=epochs, patience=epochs, learning_rate=learning_rate, batch_size=16, **more
        ),
    )


def trained(folder: Path, tiny_bert: Path, training: str, rows: int = 240) -> TrainedClassifier:
    """Trains on some made texts."""
    return train_classifier(
        LABELS, made_texts(rows, 1), made_texts(60, 2), options(tiny_bert, training), seed=0, log_uri=str(folder)
    )
