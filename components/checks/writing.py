"""Real requests to a served model of texts, and what must be true of the answers."""

from dataclasses import dataclass

from components.checks.common import Check, ServedModel, run_checks
from serving.client import Shelfwise, WrittenText

_ODD = "質問 \x00 🙂 <|im_end|> " + "red tea " * 2_000
_FALSE = " It costs 987654321."


@dataclass(frozen=True)
class _Known:
    """What the checks know of the model."""

    what: str
    fields: dict[str, str]
    variants: int


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks for real texts and odd ones, and returns what is wrong with them, a line each."""
    asked = dict(model.card["asked"])
    what = asked.pop("what", model.card["kinds"][0])
    known = _Known(what, {name: value for name, value in asked.items() if value}, model.card["limits"]["variants"])
    checks: dict[str, Check[_Known]] = {"write": _check_texts, "variants": _check_variants, "check": _check_false}
    return run_checks(checks, client, known)


def _check_texts(client: Shelfwise, known: _Known) -> list[str]:
    fields = known.fields or {"title": "tea"}
    # A text takes seconds: few are asked for.
    written = client.write(known.what, fields)
    reasons = _wrong_text(written)
    if client.write(known.what, fields) != written:
        reasons.append("the same fields give another text when they are asked for again")
    reasons += _wrong_text(client.write(known.what, dict.fromkeys(fields, _ODD)))
    for what in ("no such kind", ""):
        if client.write(what, fields).reason != "unknown_kind":
            reasons.append("a text of an unknown kind was written")
    if client.write(known.what, {}).reason != "nothing_given":
        reasons.append("a text was made of nothing")
    return reasons


def _check_variants(client: Shelfwise, known: _Known) -> list[str]:
    texts = client.write_variants(known.what, known.fields or {"title": "tea"})
    reasons = [reason for text in texts for reason in _wrong_text(text)]
    if len({text.text for text in texts}) != len(texts) or len(texts) > known.variants:
        reasons.append("a text was given twice, or there are too many")
    return reasons


def _check_false(client: Shelfwise, known: _Known) -> list[str]:
    fields = known.fields or {"title": "tea"}
    said = client.check_text(known.what, fields, " ".join(fields.values())[:100] + _FALSE)
    return [] if not said.checked and said.reason else ["a number that is in no field passed the check"]


def _wrong_text(text: WrittenText) -> list[str]:
    """Returns what cannot be right in an answer, whatever was asked."""
    reasons = []
    if text.checked == bool(text.reason) or text.checked != (text.written_by == "model"):
        reasons.append("a text is not checked and has no reason, or has one though it is")
    if text.checked and not text.text:
        reasons.append("an empty text passed the check")
    return reasons
