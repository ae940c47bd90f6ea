"""Writes texts with a served model and with the shop's known texts, and picks the best that pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from serving.signature_names import CHECK, SERVING_DEFAULT, VARIANTS
from trainer.writing.known_texts import KnownTexts
from trainer.writing.pairs import Pair, requests

# Whose text it is: the shop's own of a like product, the language model's, or a template.
KNOWN, MODEL, TEMPLATE = "known", "model", "template"
_ORDER = (KNOWN, MODEL, TEMPLATE)
# Known texts of like products that are looked at.
_LIKE = 5


@dataclass(frozen=True)
class Candidate:
    """A text.

    Attributes:
        text: The text.
        written_by: `known`, `model` or `template`.
        shared: The share of the facts' words that it has.
        reason: Why the language model's text was not taken, where this is a template.
    """

    text: str
    written_by: str
    shared: float
    reason: str = ""


class Writer:
    """Writes; loads a served model, which a worker shares.

    Args:
        model: Folder of the served model.
        known: The shop's own texts of the kind that is wanted; none to write with the model alone.
        terms: Words by their kind.
    """

    def __init__(self, model: str, known: Sequence[Pair], terms: Mapping[str, Sequence[str]]) -> None:
        self._model = tf.saved_model.load(model)
        self._known = KnownTexts(known, terms) if known else None

    def write(self, pairs: Sequence[Pair], count: int) -> list[list[Candidate]]:
        """Returns up to `count` texts for each pair, the best first.

        The best is the one that has most of the facts' words, to a tenth; of several the shop's own goes before the
        language model's, and both before a template. Each further one differs most from those before it. Where one
        text is wanted, the language model is asked for those alone for which the shop has none that passes.
        """
        found = [[(text, KNOWN, "") for text in texts] for texts in self._known_texts(pairs)]
        asked = [row for row, texts in enumerate(found) if count > 1 or not texts]
        if asked:
            written = self._written([pairs[row] for row in asked], VARIANTS if count > 1 else SERVING_DEFAULT)
            for row, texts in zip(asked, written, strict=True):
                found[row] += texts
        flat = [(row, each) for row, texts in enumerate(found) for each in texts if each[0]]
        shares = self._shares([pairs[row] for row, _ in flat], [text for _, (text, _, _) in flat])
        candidates: list[list[Candidate]] = [[] for _ in pairs]
        for (row, (text, by, reason)), share in zip(flat, shares, strict=True):
            candidates[row].append(Candidate(text, by, share, reason))
        return [picked(each, count) for each in candidates]

    def _known_texts(self, pairs: Sequence[Pair]) -> list[list[str]]:
        """Returns what the shop has that passes: the answer that was found, and texts of like products put right."""
        answers = [pair.named()["answer"] for pair in pairs]
        passing = self.reasons(pairs, answers)
        found = [[text] if text and not why else [] for text, why in zip(answers, passing, strict=True)]
        if self._known is not None:
            for row, texts in enumerate(self._known.candidates(pairs, _LIKE, self.reasons)):
                found[row] += texts
        return found

    def _written(self, pairs: Sequence[Pair], signature: str) -> list[list[tuple[str, str, str]]]:
        answer = self._model.signatures[signature](**requests(pairs))
        columns = [tf.reshape(answer[name], [len(pairs), -1]).numpy() for name in ("text", "written_by", "reason")]
        return [
            [(_text(text), _text(by), _text(reason)) for text, by, reason in zip(*rows, strict=True)]
            for rows in zip(*columns, strict=True)
        ]

    def reasons(self, pairs: Sequence[Pair], texts: Sequence[str]) -> list[str]:
        """Returns what speaks against texts of pairs; "" for nothing."""
        return [_text(each) for each in self._checked(pairs, texts)["reason"].numpy()]

    def _shares(self, pairs: Sequence[Pair], texts: Sequence[str]) -> list[float]:
        return self._checked(pairs, texts)["shared"].numpy().tolist() if texts else []

    def _checked(self, pairs: Sequence[Pair], texts: Sequence[str]) -> Mapping[str, tf.Tensor]:
        return self._model.signatures[CHECK](
            **requests(pairs), text=tf.constant([each.encode("utf-8", "surrogateescape") for each in texts], tf.string)
        )


def picked(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Returns the best candidate, and then those that differ most from the ones before; see `Writer.write`."""
    left = sorted(candidates, key=lambda each: (-round(each.shared, 1), _ORDER.index(each.written_by)))
    chosen: list[Candidate] = []
    while left and len(chosen) < count:
        # The first of equals: they are in order of how good they are.
        best = max(left, key=lambda each: min((difference(each.text, other.text) for other in chosen), default=1.0))
        left = [each for each in left if each.text != best.text]
        chosen.append(best)
    return chosen


def difference(text: str, other: str) -> float:
    """Returns how much two texts differ: 1 minus the share of their words that both have (Jaccard, 1901)."""
    words, others = (set(each.lower().split()) for each in (text, other))
    return 1.0 - len(words & others) / max(len(words | others), 1)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
