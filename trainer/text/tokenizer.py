"""BERT's tokenizer, which spells texts in one way first."""

from collections.abc import Sequence, Set
from typing import Any

import keras
import keras_nlp
import tensorflow as tf

from serving.graph.spelling import as_vocabulary, traditional_characters
from trainer.text.vocabulary_file import check_vocabulary


@keras.saving.register_keras_serializable(package="shelfwise")
class TextTokenizer(keras_nlp.models.BertTokenizer):
    """Cuts texts into word pieces; the same ops in training and in the served graph.

    KerasNLP's own tokenizer splits at ASCII's spaces alone, so any other would be part of a word and the word unknown;
    and it takes Korean syllables apart with the accents and puts them together again after that, while the
    vocabularies of uncased BERTs hold the parts. So texts are spelled here, and KerasNLP only splits them. Where the
    vocabulary has Chinese characters, and none that are written in the traditional way alone, texts are spelled in the
    simplified way.

    The vocabulary is not in the configuration: Keras saves it as an asset.

    Args:
        vocabulary: Word pieces; None for one that is loaded later.
        lowercase: Whether the vocabulary is in lower case.
        strip_accents: Whether it has no accents, nor any other mark that takes no space of its own.

    Raises:
        ValueError: The vocabulary would not be the same when it is loaded again.
    """

    def __init__(
        self, vocabulary: Sequence[str] | None = None, *, lowercase: bool, strip_accents: bool, **kwargs: Any
    ) -> None:
        if vocabulary is not None:
            check_vocabulary(vocabulary)
        super().__init__(vocabulary=vocabulary, **kwargs)
        # Under other names than KerasNLP's own, which stay off.
        self.lowercased, self.without_accents = lowercase, strip_accents

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "lowercase": self.lowercased, "strip_accents": self.without_accents}

    def set_vocabulary(self, vocabulary: Any) -> None:
        super().set_vocabulary(vocabulary)
        characters = set().union(*(self.vocabulary or ()))
        self._hangul_syllables = _has_hangul_syllables(characters)
        self._simplified_chinese = _has_simplified_chinese(characters)

    def spell(self, texts: Any) -> Any:
        """Returns texts, string `(batch,)`, in the spelling of the vocabulary."""
        return as_vocabulary(
            texts,
            lowercase=self.lowercased,
            strip_accents=self.without_accents,
            hangul_syllables=self._hangul_syllables,
            simplified_chinese=self._simplified_chinese,
        )

    def tokenize(self, inputs: Any) -> Any:
        return super().tokenize(self.spell(tf.convert_to_tensor(inputs, tf.string)))


def _has_hangul_syllables(characters: Set[str]) -> bool:
    return any("\uac00" <= each <= "\ud7a3" for each in characters) and not any(
        "\u1100" <= each <= "\u11ff" for each in characters
    )


def _has_simplified_chinese(characters: Set[str]) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in characters) and characters.isdisjoint(traditional_characters())
