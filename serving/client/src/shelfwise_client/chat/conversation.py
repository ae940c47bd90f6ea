"""One turn of a dialogue, made of what the served models say; nothing here talks to a server."""

import re
from collections.abc import Sequence
from dataclasses import replace

from shelfwise_client.calls.products import Answer
from shelfwise_client.calls.recommendation import TogetherAnswer, bought_together, recommend
from shelfwise_client.calls.support import Reply
from shelfwise_client.calls.writing import check_text, write
from shelfwise_client.chat.answer import ChatAnswer
from shelfwise_client.chat.desk import ask_desk, points_back
from shelfwise_client.chat.finding import (
    NOTHING_EARLIER,
    Found,
    find_products,
    joined,
    product_lines,
    search_for,
    with_prices,
)
from shelfwise_client.chat.turn import NOT_SURE, NOTHING_FOUND, Turn, answer_to
from shelfwise_client.chat.words import ENGLISH, ChatWords
from shelfwise_client.methods import ClientTalk, Talk

_HALF = 0.5
# Below that the desk's answer to a word or two is less likely than a product of that name.
_VERY_SURE = 0.9
_NAME_WORDS = 2
# Turns that the desk reads.
_EARLIER_TURNS = 6
# Begins a source that is an answer of the shop.
_ANSWER = "answer:"


def chat(
    dialogue: Sequence[str | ChatAnswer],
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
    *,
    product_id: str = "",
    k: int = 3,
    words: ChatWords = ENGLISH,
    rewords: bool = False,
) -> Talk[ChatAnswer]:
    """Answers the last turn of a dialogue by the models that are served: support, search, recommendation, writing.

    All that is said of products is the catalogue's, and all else is an answer of the shop, word for word, or a sentence
    of `words`. A question that no model is sure of is handed over.

    Args:
        dialogue: What was said, the newest last: the customer's turns as texts, and what this has answered between
            them. What a person of the shop said may stand there as a text, too.
        history_ids: The customer's events, as for `recommend`, and so are the next two.
        history_types: See there.
        history_age_seconds: See there.
        product_id: The product that the dialogue is about; empty for none.
        k: Products to show.
        words: The customers' language.
        rewords: Whether the model of texts may word an answer of the shop anew. Its text counts where it passes the
            check and has every word of the answer.

    Returns:
        What the shop says; put it into the dialogue before the next turn.

    Raises:
        ValueError: The dialogue does not end with what the customer says.
        ServingError: The server did not answer.
    """
    if isinstance(dialogue, str) or not dialogue or not isinstance(dialogue[-1], str):
        raise ValueError("`dialogue` should be a list of turns that ends with what the customer says, a text.")
    said = [turn for turn in dialogue if isinstance(turn, ChatAnswer)]
    turn = Turn(
        question=dialogue[-1],
        # What the shop has said draws any question to the same answer.
        earlier=[turn for turn in dialogue[:-1] if isinstance(turn, str)][-_EARLIER_TURNS:],
        topic=_topic(dialogue[:-1]),
        last=next((answer for answer in reversed(said) if answer.products), ChatAnswer("")),
        asked_back=bool(said) and said[-1].asks_back,
        may_ask=not any(answer.asks_back for answer in said),
        history=(history_ids, history_types, history_age_seconds),
        product_id=product_id,
        k=k,
        words=words,
        rewords=rewords,
    )
    return (yield from _answer(turn))


def _answer(turn: Turn) -> Talk[ChatAnswer]:
    words, question = turn.words, turn.question
    for pattern, text in ((words.greeting, words.greets), (words.thanks, words.welcome)):
        if re.fullmatch(pattern, question, re.IGNORECASE):
            return ChatAnswer(text)
    if turn.last.products:
        if _says(words.together, question):
            return (yield from _together(turn))
        if _says(words.price, question):
            return _again(turn, words.prices, ("catalogue",))
        if "recommendation" in turn.last.sources and re.fullmatch(words.another, question, re.IGNORECASE):
            return (yield from _recommended(turn))
        if re.fullmatch(words.any_kind, question, re.IGNORECASE):
            return _again(turn, words.then_these, turn.last.sources)
    rest = _without(words.lead, question)
    wish = _without(words.wish, rest)
    asks_for = wish != rest
    if _says(words.recommend, question):
        wish = _without(words.recommend, wish)
        if not re.search(r"\w", wish):
            return (yield from _recommended(turn))
        return (yield from _found(turn, wish)).answer
    continues = not _says(words.other, question)
    earlier = turn.last.query if continues else ""
    searched = yield from search_for(wish, earlier or NOTHING_EARLIER)
    adds = bool(earlier) and searched is not None and searched.joined
    # A price, a size or what must not be in it is said of products, and of nothing that the desk knows.
    limits = searched is not None and searched.understood not in ("", turn.last.understood if adds else "")
    if limits and turn.asked_back and continues and not adds:
        return (yield from _narrowed(turn, wish))
    few_words = 0 < len(wish.split()) <= _NAME_WORDS and not turn.asked_back
    goes_on = bool(turn.topic) and points_back(turn)
    found = None
    named = False
    if limits or few_words:
        found = yield from find_products(turn, wish, searched)
        if limits and (adds or found.share_known >= _HALF):
            return found.answer
        # A word or two that a product has are its name: bread is no question about what is in bread.
        named = few_words and found.share_known == 1.0
        if named and not goes_on:
            return found.answer
    support = yield from ask_desk(turn, goes_on and not named)
    if support is not None and not support.hand_over and not support.wants_products:
        hardly = few_words and not goes_on and support.confidence < _VERY_SURE
        if hardly and found is not None and found.share_known >= _HALF:
            return found.answer
        return (yield from _shops_answer(turn, support))
    if turn.asked_back and continues:
        return (yield from _narrowed(turn, wish))
    if found is None:
        found = yield from find_products(turn, wish, searched)
    # What is asked for in so many words, or adds to a wish, is one where half of it is known; any words where all are.
    least = _HALF if asks_for or adds else 1.0
    if support is None or support.wants_products or found.share_known >= least:
        return found.answer
    if turn.last.asked and continues and not adds:
        with_last = yield from _found(turn, joined(turn.last, wish))
        if with_last.share_known >= _HALF and with_last.keeps(turn.last.asked):
            return with_last.answer
    return ChatAnswer(words.a_person, hand_over=True, reason=support.reason or NOT_SURE)


def _found(turn: Turn, wish: str) -> Talk[Found]:
    """Returns what a wish finds that adds to no other."""
    return (yield from find_products(turn, wish, (yield from search_for(wish, NOTHING_EARLIER))))


def _narrowed(turn: Turn, wish: str) -> Talk[ChatAnswer]:
    """Returns what answers the question back: more of the last wish, where any product has words of both."""
    if _says(turn.words.also, turn.question):
        return (yield from _found(turn, wish)).answer
    both = yield from _found(turn, joined(turn.last, wish))
    if both.keeps(turn.last.asked):
        return both.answer
    # Of soups there may be none with chicken: it is still soup that was asked for.
    return _again(turn, turn.words.found.format(limits=""), turn.last.sources)


def _again(turn: Turn, before: str, sources: tuple[str, ...]) -> ChatAnswer:
    """Returns the products that were shown last."""
    lines = [before, *product_lines(turn.last.products, turn.words)]
    return replace(turn.last, text="\n".join(lines), sources=sources, asks_back=False)


def _topic(dialogue: Sequence[str | ChatAnswer]) -> list[str]:
    """Returns what the customer said that the shop has given its last answer to, the newest last."""
    turns: list[str] = []
    sources: tuple[str, ...] = ()
    for turn in reversed(dialogue):
        if isinstance(turn, ChatAnswer):
            answered = bool(turn.sources) and all(each.startswith(_ANSWER) for each in turn.sources)
            if not answered or turn.sources != (sources or turn.sources):
                break
            sources = turn.sources
        elif sources:
            turns.append(turn)
    return turns[::-1]


def _shops_answer(turn: Turn, support: Reply) -> Talk[ChatAnswer]:
    text = support.answers[0].text
    if turn.rewords:
        fields = {"question": turn.question, "answer": text}
        written = yield from answer_to(write("reply", fields))
        if written is not None and written.checked:
            check = yield from answer_to(check_text("reply", {"answer": text}, written.text))
            text = written.text if check is not None and check.checked and check.shared == 1.0 else text
    return ChatAnswer(text, sources=(f"{_ANSWER}{support.answers[0].answer_id}",))


def _recommended(turn: Turn) -> Talk[ChatAnswer]:
    shown = [product.product_id for product in turn.last.products]
    found = yield from answer_to(recommend(*turn.history, k=turn.k, in_stock_only=True, exclude_ids=shown))
    return (yield from _listed(found, "recommendation", turn.words.recommended, turn.words))


def _together(turn: Turn) -> Talk[ChatAnswer]:
    ids = [product.product_id for product in turn.last.products]
    found = yield from answer_to(bought_together(ids, turn.k))
    return (yield from _listed(found, "together", turn.words.with_it, turn.words))


def _listed(
    found: Sequence[Answer] | Sequence[TogetherAnswer] | None, source: str, before: str, words: ChatWords
) -> Talk[ChatAnswer]:
    if not found:
        return ChatAnswer(words.a_person, hand_over=True, reason=NOTHING_FOUND)
    products = yield from with_prices(found)
    return ChatAnswer("\n".join([before, *product_lines(products, words)]), products, sources=(source,))


def _says(pattern: str, text: str) -> bool:
    return bool(re.search(pattern, text, re.IGNORECASE))


def _without(pattern: str, text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(pattern, " ", text, flags=re.IGNORECASE)).strip(" ,.!?")


class ChatCalls:
    """The method of a client that talks."""

    chat = ClientTalk(chat)
