"""What a text is wanted of: fields by their kind of text, as prompts, sources and fallbacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from serving.writing.byte_pairs import tidy
from serving.writing.facts import joined_sources
from serving.writing.template import FIELDS, Template

Tensors = Mapping[str, tf.Tensor]

UNKNOWN_KIND, NOTHING_GIVEN = "unknown_kind", "nothing_given"
# Of a longer field the beginning is read.
MAX_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of text.

    Attributes:
        name: How requests call it.
        prompt: What the language model is asked.
        fallbacks: What is said where its text does not pass; at least one, the first one before others.
        max_characters: Characters of a text at the most; 0 for any.
        allowed_words: All words that a text may have beside those of its fields; none for any word.
        must_say: Fields whose words a text must have, where they are given.
    """

    name: str
    prompt: Template
    fallbacks: Sequence[Template]
    max_characters: int = 0
    allowed_words: Sequence[str] = ()
    must_say: Sequence[str] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its texts are made of, which are what they may say."""
        return frozenset(self.prompt.fields).union(*(each.fields for each in self.fallbacks))


class WritingRequest(NamedTuple):
    """What is wanted, string `(batch,)` each but `limits`, int32.

    Attributes:
        prompts: What the language model is asked.
        sources: All that may be said.
        allowed: All words that a text may have beside those of its sources; "" for any.
        required: What a text must say.
        limits: Characters at the most; 0 for any.
        fallbacks: Texts that can be said instead.
        problems: Why nothing can be written; "" where it can.
    """

    prompts: tf.Tensor
    sources: tf.Tensor
    allowed: tf.Tensor
    required: tf.Tensor
    limits: tf.Tensor
    fallbacks: list[tf.Tensor]
    problems: tf.Tensor

    @classmethod
    def of(cls, kinds: Sequence[Kind], what: tf.Tensor, fields: Tensors) -> "WritingRequest":
        """Reads the inputs of a signature.

        Args:
            kinds: The kinds of text.
            what: string `(batch,)`, the kind that is wanted.
            fields: string `(batch,)` each.
        """
        given = {name: tidy(beginning(fields[name])) for name in FIELDS}
        most = max(len(kind.fallbacks) for kind in kinds)
        prompts, sources, allowed, required = (tf.zeros_like(what) for _ in range(4))
        limits = tf.zeros_like(tf.strings.length(what))
        fallbacks = [tf.zeros_like(what)] * most
        for kind in kinds:
            here = what == kind.name
            own = {name: values if name in kind.fields else tf.zeros_like(values) for name, values in given.items()}
            prompts = tf.where(here, rendered(kind.prompt, own), prompts)
            sources = tf.where(here, joined_sources(own[name] for name in sorted(kind.fields)), sources)
            allowed = tf.where(here, " ".join(kind.allowed_words), allowed)
            if kind.must_say:
                required = tf.where(here, tidy(joined_sources(own[name] for name in kind.must_say)), required)
            limits = tf.where(here, kind.max_characters, limits)
            for place in range(most):
                other = rendered(kind.fallbacks[place % len(kind.fallbacks)], own)
                fallbacks[place] = tf.where(here, other, fallbacks[place])
        known = tf.reduce_any(what[:, tf.newaxis] == tf.constant([kind.name for kind in kinds]), axis=1)
        problems = tf.where(known, tf.where(tidy(sources) == "", NOTHING_GIVEN, ""), UNKNOWN_KIND)
        return cls(
            prompts=tidy(prompts),
            sources=sources,
            allowed=allowed,
            required=required,
            limits=limits,
            fallbacks=[tf.where(problems == "", tidy(each), "") for each in fallbacks],
            problems=problems,
        )

    @property
    def usable(self) -> tf.Tensor:
        """Whether a text is wanted, bool `(batch,)`."""
        return self.problems == ""

    def repeated(self, count: int) -> "WritingRequest":
        """Returns each row so many times."""
        return WritingRequest(
            prompts=tf.repeat(self.prompts, count),
            sources=tf.repeat(self.sources, count),
            allowed=tf.repeat(self.allowed, count),
            required=tf.repeat(self.required, count),
            limits=tf.repeat(self.limits, count),
            fallbacks=[tf.repeat(each, count) for each in self.fallbacks],
            problems=tf.repeat(self.problems, count),
        )


def rendered(template: Template, fields: Tensors) -> tf.Tensor:
    """Returns `Template.fill` of each row.

    Args:
        template: The template.
        fields: string `(batch,)` each; all that it names.
    """
    rows = tf.shape(next(iter(fields.values())))
    runs = []
    for part in template.parts:
        pieces = [fields[piece] if place % 2 else tf.fill(rows, piece) for place, piece in enumerate(part.pieces)]
        run = tf.strings.join(pieces)
        if part.optional and part.fields:
            there = tf.reduce_all(tf.stack([fields[name] != "" for name in part.fields], axis=1), axis=1)
            run = tf.where(there, run, "")
        runs.append(run)
    return tf.strings.join(runs) if runs else tf.fill(rows, "")


def beginning(texts: tf.Tensor) -> tf.Tensor:
    """Returns what is read of texts: at most `MAX_CHARACTERS` of each, bad bytes blank, line breaks kept."""
    few = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    valid = tf.strings.unicode_transcode(few, "UTF-8", "UTF-8", errors="replace", replacement_char=ord(" "))
    return tf.strings.substr(valid, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
