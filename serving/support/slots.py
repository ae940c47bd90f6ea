"""What a shop wants to know of a question, such as an order's number, found by its own patterns."""

from collections.abc import Mapping

import tensorflow as tf


class Slots:
    """Finds the first text that each pattern matches.

    Args:
        patterns: RE2 patterns by the name of what they find. Of a pattern with a group, what the group has matched.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self.names = tuple(patterns)
        self._patterns = tuple(_whole(pattern) for pattern in patterns.values())

    def find(self, question: tf.Tensor, earlier: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Looks through the question, and then through the earlier turns, the newest first.

        Args:
            question: string `(batch,)`.
            earlier: string `(batch, turns)`, the newest last.

        Returns:
            Names and values, string `(batch, patterns)`; both "" where nothing was found.
        """
        turns = [question, *reversed(tf.unstack(earlier, axis=1))]
        values = []
        for pattern in self._patterns:
            found = tf.zeros_like(question)
            for turn in turns:
                here = tf.where(tf.strings.regex_full_match(turn, pattern), _rewritten(turn, pattern), "")
                found = tf.where(found == "", here, found)
            values.append(found)
        rows = tf.shape(question)[0]
        if not values:
            # Never a width of 0, which not every client can read.
            return tf.fill([rows, 1], ""), tf.fill([rows, 1], "")
        stacked = tf.stack(values, axis=1)
        names = tf.tile(tf.constant([list(self.names)]), [rows, 1])
        return tf.where(stacked == "", "", names), stacked


def _whole(pattern: str) -> str:
    """Returns a pattern that matches a whole text, its first group being what was looked for."""
    return rf"(?s:.*?)(?:{pattern})(?s:.*)" if _has_group(pattern) else rf"(?s:.*?)({pattern})(?s:.*)"


def _has_group(pattern: str) -> bool:
    """Tells whether an RE2 pattern has a group that captures."""
    escaped = in_class = False
    for place, character in enumerate(pattern):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(" and (pattern[place + 1 : place + 2] != "?" or pattern[place + 1 : place + 4] == "?P<"):
            return True
    return False


def _rewritten(texts: tf.Tensor, pattern: str) -> tf.Tensor:
    return tf.strings.regex_replace(texts, rf"^{pattern}$", r"\1", replace_global=False)
