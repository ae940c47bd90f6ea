"""A WordPiece vocabulary for texts in any script."""

from collections.abc import Iterable, Sequence

import tensorflow as tf
from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

from serving.graph.spelling import as_vocabulary
from trainer.text.keras_nlp_parts import pretokenize
from trainer.text.tokenizer import TextTokenizer

# In the order of the original BERT: padding is 0.
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# A piece that a text is likely to need is seen more often than once.
_LEAST_COUNT = 2


def split_words(texts: Sequence[str]) -> list[str]:
    """Cuts texts into words as the BERT tokenizer does, all of them in one list.

    Lower case, without accents, simplified Chinese; punctuation and each Chinese character are words of their own.
    """
    spelled = as_vocabulary(
        tf.constant(list(texts), tf.string), lowercase=True, strip_accents=True, simplified_chinese=True
    )
    words = pretokenize(spelled)
    return [word.decode() for word in words.flat_values.numpy().tolist()]


def learn_vocabulary(counts: Iterable[tuple[str, int]], size: int) -> list[str]:
    """Learns word pieces, the special tokens of BERT first.

    Source: the top-down WordPiece learner of TensorFlow Text.

    Args:
        counts: Words, as `split_words` cuts them, and how often each occurs.
        size: Pieces at the most.

    Returns:
        The vocabulary; the same for the same counts in any order.
    """
    pieces: list[str] = learner.learn(
        sorted(counts),
        size,
        list(SPECIAL_TOKENS),
        lower_thresh=_LEAST_COUNT,
        # Half of the room may be single characters, each of which can begin a word or go on with it.
        max_unique_chars=size // 4,
    )
    return pieces


def scratch_tokenizer(vocabulary: list[str]) -> TextTokenizer:
    """Returns the tokenizer of a learned vocabulary.

    Raises:
        ValueError: The vocabulary would not be the same when it is loaded again.
    """
    return TextTokenizer(vocabulary, lowercase=True, strip_accents=True)
