"""The words of an offer's text, and the texts that are left when one of them is taken out."""

from collections.abc import Sequence

import tensorflow as tf

from serving.reasons.phrases import written_words


def text_words(texts: Sequence[str], most: int) -> list[list[str]]:
    """Splits texts into words, at spaces and around Chinese characters; of each text the first `most`."""
    if not texts or not most:
        return [[] for _ in texts]
    found = written_words(tf.constant([text.encode("utf-8", "replace") for text in texts]))
    return [[word.decode("utf-8", "replace") for word in words[:most]] for words in found.to_list()]


def texts_without(text: str, most: int) -> list[str]:
    """Returns the text without its first word, without its second, and so on, for the first `most` words."""
    words = text_words([text], len(text))[0]
    return [" ".join([*words[:place], *words[place + 1 :]]) for place in range(min(most, len(words)))]
