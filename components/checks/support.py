"""Real requests to a served model of answers, and what must be true of the replies."""

from dataclasses import dataclass

import numpy as np

from components.checks.common import Check, ServedModel, run_checks
from serving.client import Reply, Shelfwise

_TOLERANCE = 1e-3
_ODD = ("?", "\x00\x01", "質問 🙂", "order " * 5_000)


@dataclass(frozen=True)
class _Known:
    """What the checks know of the model."""

    questions: tuple[str, ...]
    intents: frozenset[str]
    slots: frozenset[str]
    k: int


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks real questions and odd ones, and returns what is wrong with the replies, a line each."""
    card = model.card
    known = _Known(
        questions=tuple(card["questions"] or card["answers"]),
        intents=frozenset(card["intents"]),
        slots=frozenset(card["slots"]),
        k=min(card["limits"]["k"], card["limits"]["answers"]),
    )
    checks: dict[str, Check[_Known]] = {"reply": _check_replies}
    return run_checks(checks, client, known)


def _check_replies(client: Shelfwise, known: _Known) -> list[str]:
    reasons = []
    for question in (*known.questions, *_ODD):
        reasons += _wrong_reply(client.reply(question), known)
    for question in known.questions[:1]:
        reply = client.reply(question, earlier=["", "an earlier turn"] * 4, product_id="no such product, anywhere")
        reasons += _wrong_reply(reply, known)
        if not client.reply(question).answers:
            reasons.append("a question that the model knows has no answer")
    if known.questions and client.reply(known.questions[0]) != client.reply(known.questions[0]):
        reasons.append("the same question has another reply when it is asked again")
    nothing = client.reply("")
    if nothing.answers or not nothing.hand_over or nothing.reason != "empty_question":
        reasons.append("an empty question was answered")
    return reasons


def _wrong_reply(reply: Reply, known: _Known) -> list[str]:
    """Returns what cannot be right in a reply, whatever was asked."""
    scores = np.array([answer.score for answer in reply.answers])
    reasons = []
    if len({answer.answer_id for answer in reply.answers}) != len(reply.answers) or len(scores) > known.k + 1:
        reasons.append("an answer was given twice, or there are too many")
    if not np.isfinite(scores).all() or (scores < 0.0).any() or scores.sum() > 1.0 + _TOLERANCE:
        reasons.append("probabilities of answers are not between 0 and 1 together")
    elif (np.diff(scores) > 0).any():
        reasons.append("answers are not in descending order")
    if any(not 0.0 <= value <= 1.0 + _TOLERANCE for value in (reply.probability, reply.confidence)):
        reasons.append("a probability is not between 0 and 1")
    if reply.intent and reply.intent not in known.intents:
        reasons.append(f"`{reply.intent}` is no intent of the answers")
    if not known.slots.issuperset(reply.slots):
        reasons.append("a slot was found that the configuration does not name")
    if reply.hand_over == (not reply.reason) or (reply.hand_over and reply.wants_products):
        reasons.append("a reply is handed over without a reason, or has a reason though it is not")
    return reasons
