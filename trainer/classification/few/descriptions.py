"""Labels told by what they are described as: without any labelled text, and as texts to learn from."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import softmax

from trainer.artifacts.names import ZERO_SHOT_FILE
from trainer.artifacts.parquet_files import write_parquet
from trainer.classification.examples import LabelledTexts
from trainer.text.backbone import TextEncoder, encode_texts

# Cosines of sentences lie close together: this divides them, as in the training of sentence encoders.
_TEMPERATURE = 0.05


def check_descriptions(descriptions: Mapping[str, str], labels: Sequence[str]) -> None:
    """Refuses descriptions of labels that there are not.

    Raises:
        ValueError: There is such a description.
    """
    unknown = sorted(set(descriptions) - set(labels))
    if unknown:
        raise ValueError(
            f"`tasks.classification.descriptions` should describe labels of the table `texts`, which are "
            f"{', '.join(labels)}; it describes {', '.join(unknown)}. Mend the name, or leave it out."
        )


def with_descriptions(learned: LabelledTexts, labels: Sequence[str], descriptions: Mapping[str, str]) -> LabelledTexts:
    """Adds each description as a text of its label, after all that were there."""
    described = [place for place, label in enumerate(labels) if label in descriptions]
    added = np.full((len(described), learned.numbers.shape[1]), np.nan, np.float32)
    return LabelledTexts(
        texts=[*learned.texts, *(descriptions[labels[place]] for place in described)],
        labels=np.concatenate([learned.labels, np.array(described, np.int64)]),
        numbers=np.concatenate([learned.numbers, added]),
        weights=np.concatenate([learned.text_weights(), np.ones(len(described), np.float32)]),
    )


def zero_shot(
    encoder: TextEncoder, texts: Sequence[str], labels: Sequence[str], descriptions: Mapping[str, str], batch_size: int
) -> npt.NDArray[np.float32]:
    """Returns how likely each label is by how near its description is to a text, float32 `(texts, labels)`.

    Args:
        encoder: An encoder that no label has taught anything.
        texts: The texts.
        labels: The label vocabulary.
        descriptions: By label; one without any stands for itself, its underscores as spaces.
        batch_size: Texts encoded at once.
    """
    told = [descriptions.get(label, label.replace("_", " ")) for label in labels]
    cosines = encode_texts(encoder, texts, batch_size) @ encode_texts(encoder, told, batch_size).T
    found: npt.NDArray[np.float32] = softmax(cosines / _TEMPERATURE, axis=1)
    return found


def save_zero_shot(texts: Sequence[str], probabilities: npt.NDArray[np.float32], model_uri: str) -> None:
    """Writes what `zero_shot` says of the test texts, which the evaluation reads."""
    table = pa.table({"text": pa.array(texts), "probabilities": list(probabilities)})
    write_parquet(os.path.join(model_uri, ZERO_SHOT_FILE), table)
