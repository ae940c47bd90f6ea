"""What the desk says to a question: alone, and with what it refers to."""

import re
from collections.abc import Mapping
from dataclasses import replace

from shelfwise_client.calls.support import Reply, reply
from shelfwise_client.chat.turn import Turn, answer_to
from shelfwise_client.methods import Talk

# Answers that are not listed share what is left of the probability; a desk has some twenty.
_UNLISTED = 20
# How probable an answer has to be, by both readings, to stand against one that the question alone is sure of.
_CLEAR = 0.75


def ask_desk(turn: Turn, goes_on: bool) -> Talk[Reply | None]:
    """Returns what the desk says; None where it is not served.

    A question that says all by itself is read alone: what was said before would draw it to the same answer. One that
    points back, says nothing of its own, or tells what the desk looks for (an order's number) is also read with the
    turns that it goes on from.

    Args:
        turn: The turn.
        goes_on: Whether it is taken for one that goes on with what the shop has answered.
    """
    alone = yield from answer_to(reply(turn.question, product_id=turn.product_id))
    if alone is None or re.search(turn.words.wish, turn.question, re.IGNORECASE):
        return alone
    if goes_on or (alone.slots and turn.topic):
        whole = " ".join([*turn.topic, turn.question])
        joined = yield from answer_to(reply(whole, product_id=turn.product_id))
        return alone if joined is None else likelier(alone, joined)
    # What was said of products is nothing that the desk knows.
    if not turn.earlier or turn.topic or turn.last.products or not (alone.hand_over and points_back(turn)):
        return alone
    return (yield from answer_to(reply(turn.question, earlier=turn.earlier, product_id=turn.product_id)))


def likelier(alone: Reply, joined: Reply) -> Reply:
    """Returns what two readings of a question say together: each answer is as probable as by both of them.

    It is given where one of them is sure, and no other answer comes near; else what the question alone says stands.
    """
    by_each = [{each.answer_id: each.score for each in reading.answers} for reading in (alone, joined)]
    known = {each.answer_id: each for reading in (joined, alone) for each in reading.answers}
    together = {name: _probability(by_each[0], name) * _probability(by_each[1], name) for name in known}
    total = sum(together.values())
    if not total or (alone.hand_over and joined.hand_over):
        return alone
    best = max(together, key=lambda name: together[name])
    share = together[best] / total
    if share < _CLEAR:
        return alone
    return replace(
        alone,
        answers=[replace(known[best], score=share)],
        confidence=max(alone.confidence, joined.confidence),
        wants_products=False,
        hand_over=False,
        reason="",
    )


def points_back(turn: Turn) -> bool:
    """Returns whether a turn speaks of what was said before."""
    said = turn.question
    return bool(
        re.search(turn.words.refers, said, re.IGNORECASE) or re.fullmatch(turn.words.says_little, said, re.IGNORECASE)
    )


def _probability(scores: Mapping[str, float], name: str) -> float:
    """Returns that of an answer; one that is not listed has its part of what is left, and no more than the last."""
    if name in scores:
        return scores[name]
    return min([max(0.0, 1.0 - sum(scores.values())) / _UNLISTED, *scores.values()])
