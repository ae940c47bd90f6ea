"""The graph that writes: fields of a product or a question in, a text that says nothing else out."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from serving.graph.signatures import batch_of, trace
from serving.signature_names import CHECK, SERVING_DEFAULT, VARIANTS
from serving.writing.facts import FactCheck
from serving.writing.language import Continued, ServedLanguage
from serving.writing.requests import MAX_CHARACTERS, Kind, WritingRequest, beginning
from serving.writing.template import FIELDS

MODEL, TEMPLATE = "model", "template"
EMPTY, UNFINISHED, TOO_LONG = "empty", "unfinished", "too_long"
_LEFT_OUT = "left out: "
_LAST_SENTENCE = r"(?s)^(.*[.!?。！？])[^.!?。！？]*$"
_WHOLE = r"(?s)^.*[.!?。！？][\"'”’)\]]*$"
# A quotation that begins and does not end; inches stand behind a digit.
_OPEN_QUOTE = r"(?s)^(?:.*[\s(])?[\"“][^\"”]*$"


class WritingModule(tf.Module):
    """Writes texts, and checks them.

    Args:
        language: The language model.
        check: What a text may say.
        kinds: The kinds of text.
    """

    def __init__(self, language: ServedLanguage, check: FactCheck, kinds: Sequence[Kind]) -> None:
        super().__init__(name="writing")
        self._language, self._check = language, check
        # Plain Python, which a module would not track anyway.
        self._kinds: Callable[[], Sequence[Kind]] = lambda: kinds

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        inputs = {**batch_of("what", tf.string), **{key: spec for name in FIELDS for key, spec in _input(name)}}
        return trace(
            {
                SERVING_DEFAULT: (self.write, inputs),
                VARIANTS: (self.write_variants, inputs),
                CHECK: (self.check_texts, {**inputs, **batch_of("text", tf.string)}),
            }
        )

    def write(self, what: tf.Tensor, **fields: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: a text for each row.

        Args:
            what: string `(batch,)`, the kind of text.
            **fields: string `(batch,)` each, "" for what is not known.

        Returns:
            `(batch,)` each. text, string; checked, bool, whether it is the language model's own and says nothing but
            the fields; reason, string, why not; written_by, string, `model` or `template`; tokens, int32, how many the
            language model wrote.
        """
        request = WritingRequest.of(self._kinds(), what, fields)
        continued = self._language.continued(self._language.prompts(request.prompts), request.usable)
        written, reasons = self._written(continued, request)
        return {**_answer(written, reasons, request.fallbacks[0]), "tokens": continued.tokens}

    def write_variants(self, what: tf.Tensor, **fields: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `variants`: several texts for each row, the most probable one first; see `write`.

        Each goes on from another first word. One that does not pass is the row's next fallback, as far as they go.

        Returns:
            `(batch, variants)` each, as `write` has them; "" for a text that another one says already.
        """
        count = self._language.variants
        request = WritingRequest.of(self._kinds(), what, fields)
        begun = self._language.begun(self._language.prompts(request.prompts), count)
        repeated = request.repeated(count)
        written, reasons = self._written(self._language.continued(begun, repeated.usable, more=1), repeated)
        fallbacks = tf.stack([request.fallbacks[place % len(request.fallbacks)] for place in range(count)], axis=1)
        answer = _answer(written, reasons, tf.reshape(fallbacks, [-1]))
        rows = {name: tf.reshape(values, [-1, count]) for name, values in answer.items()}
        return {**rows, "text": _once(rows["text"])}

    def check_texts(self, what: tf.Tensor, text: tf.Tensor, **fields: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `check`: whether texts, written by anybody, say nothing but the fields.

        Returns:
            checked, bool `(batch,)`; reason, string `(batch,)`, why not; shared, float32 `(batch,)`: the share of the
            fields' words that the text has.
        """
        request = WritingRequest.of(self._kinds(), what, fields)
        reasons = self._reasons(beginning(text), request)
        shared = self._check.shared(text, request.sources)
        return {"checked": reasons == "", "reason": reasons, "shared": shared}

    def _written(self, continued: Continued, request: WritingRequest) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns texts that are whole sentences within their length, and what speaks against each."""
        texts, ended = continued.texts, continued.ended
        limits = tf.where(request.limits > 0, request.limits, MAX_CHARACTERS)
        short = tf.strings.length(texts, unit="UTF8_CHAR") <= limits
        begun = tf.strings.substr(texts, tf.zeros_like(limits), limits, unit="UTF8_CHAR")
        whole = tf.strings.regex_replace(begun, _LAST_SENTENCE, r"\1")
        texts = tf.where(ended & short, texts, whole)
        reasons = self._reasons(texts, request)
        cut = ends_within_quote(texts) | (~(ended & short) & ~tf.strings.regex_full_match(texts, _WHOLE))
        return texts, tf.where((request.problems == "") & cut, tf.where(short, UNFINISHED, TOO_LONG), reasons)

    def _reasons(self, texts: tf.Tensor, request: WritingRequest) -> tf.Tensor:
        length = tf.strings.length(texts, unit="UTF8_CHAR")
        long = tf.where((request.limits > 0) & (length > request.limits), TOO_LONG, "")
        left_out = tf.where(
            self._check.shared(texts, request.required) < 1.0, tf.strings.join([_LEFT_OUT, request.required]), ""
        )
        found = self._check.unsupported(texts, request.sources, request.allowed)
        found = tf.where(found == "", left_out, found)
        reasons = tf.where(tf.strings.strip(texts) == "", EMPTY, tf.where(long == "", found, long))
        return tf.where(request.problems == "", reasons, request.problems)


def ends_within_quote(texts: tf.Tensor) -> tf.Tensor:
    """Returns whether texts end before a quotation does, bool of their shape."""
    return tf.strings.regex_full_match(texts, _OPEN_QUOTE)


def _answer(texts: tf.Tensor, reasons: tf.Tensor, fallback: tf.Tensor) -> dict[str, tf.Tensor]:
    checked = reasons == ""
    return {
        "text": tf.where(checked, texts, fallback),
        "checked": checked,
        "reason": reasons,
        "written_by": tf.where(checked, MODEL, TEMPLATE),
    }


def _once(texts: tf.Tensor) -> tf.Tensor:
    """Returns string `(batch, width)` with "" for what stands further left in its row already."""
    width = texts.shape[1]
    equal = (texts[:, :, tf.newaxis] == texts[:, tf.newaxis, :]) & tf.constant(
        [[left < right for left in range(width)] for right in range(width)]
    )
    return tf.where(tf.reduce_any(equal, axis=2), "", texts)


def _input(name: str) -> list[tuple[str, tf.TensorSpec]]:
    return list(batch_of(name, tf.string).items())
