"""One turn of a dialogue, made of what the served models say; nothing here talks to a server."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from shelfwise_client.call import Call
from shelfwise_client.calls.products import Answer
from shelfwise_client.calls.recommendation import TogetherAnswer, bought_together, recommend
from shelfwise_client.calls.search import (
    SearchAnswer,
    SearchAnswers,
    explain_search,
    personal_search,
    product_facts,
    search,
)
from shelfwise_client.calls.support import Reply, reply
from shelfwise_client.calls.writing import check_text, write
from shelfwise_client.chat.answer import ChatAnswer, ChatProduct, with_limits
from shelfwise_client.chat.words import ENGLISH, ChatWords
from shelfwise_client.errors import ModelNotFoundError
from shelfwise_client.methods import ClientTalk, Talk
from shelfwise_client.signature_memory import MissingSignatureError

Result = TypeVar("Result")

NOT_SURE, NOTHING_FOUND = "not_sure", "nothing_found"
# Products that are looked at to see whether a wish is open, and the share of them that makes a kind.
_LOOKED_AT, _LEAST_SHARE = 50, 0.1
# A wish of at most that many words is open where what it finds is of several kinds and prices.
_VAGUE_WORDS = 2
_MOST_KINDS = 3
_HALF = 0.5
_SHORT_WORDS = 6
# Turns that the desk reads.
_EARLIER_TURNS = 6
_PRICES_APART = 2.0
_OTHER_KINDS = "Other"
# Stands for no earlier query, where the answer is to say what was asked all the same.
_NOTHING_EARLIER = " "


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """What a turn is answered by.

    Attributes:
        question: What the customer says.
        earlier: What the customer said before, the newest last.
        sources: What the shop's answer before was made of.
        last: The shop's last answer with products; an empty one before the first.
        asked_back: Whether the shop has just asked back.
        may_ask: Whether the shop may ask back: it has not done so.
        history: The customer's events: products, types and ages.
        product_id: The product that is spoken of.
        k: Products to show.
        words: The customers' language.
        rewords: Whether the model of texts may word an answer anew.
    """

    question: str
    earlier: Sequence[str]
    sources: Sequence[str]
    last: ChatAnswer
    asked_back: bool
    may_ask: bool
    history: tuple[Sequence[str], Sequence[str] | None, Sequence[float] | None]
    product_id: str
    k: int
    words: ChatWords
    rewords: bool


@dataclass(frozen=True)
class _Found:
    """What comes of a search.

    Attributes:
        answer: What is said of it.
        asked: What was searched for beside its limits.
        share_known: The share of its words that the first product's text has.
    """

    answer: ChatAnswer
    asked: str
    share_known: float


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
    turn = _Turn(
        question=dialogue[-1],
        # What the shop has said draws any question to the same answer.
        earlier=[turn for turn in dialogue[:-1] if isinstance(turn, str)][-_EARLIER_TURNS:],
        sources=said[-1].sources if said else (),
        last=next((answer for answer in reversed(said) if answer.products), ChatAnswer("")),
        asked_back=bool(said) and said[-1].asks_back,
        may_ask=not any(answer.asks_back for answer in said),
        history=(history_ids, history_types, history_age_seconds),
        product_id=product_id,
        k=k,
        words=words,
        rewords=rewords,
    )
    words, question = turn.words, turn.question
    for pattern, text in ((words.greeting, words.greets), (words.thanks, words.welcome)):
        if re.fullmatch(pattern, question, re.IGNORECASE):
            return ChatAnswer(text)
    if turn.last.products and _says(words.price, question):
        lines = [words.prices, *_lines(turn.last.products, words)]
        return replace(turn.last, text="\n".join(lines), sources=("catalogue",), asks_back=False)
    if turn.last.products and re.fullmatch(words.any_kind, question, re.IGNORECASE):
        return replace(
            turn.last, text="\n".join([words.then_these, *_lines(turn.last.products, words)]), asks_back=False
        )
    if turn.last.products and _says(words.together, question):
        return (yield from _together(turn))
    rest = _without(words.lead, question)
    wish = _without(words.wish, rest)
    asks_for = wish != rest
    if _says(words.recommend, question):
        wish = _without(words.recommend, wish)
        if not re.search(r"\w", wish):
            return (yield from _recommended(turn))
        return (yield from _found(turn, wish, _NOTHING_EARLIER)).answer
    support = yield from _support(turn)
    if support is not None and not support.hand_over and not support.wants_products:
        return (yield from _shops_answer(turn, support))
    continues = not _says(words.other, question)
    if turn.asked_back and continues:
        return (yield from _found(turn, _joined(turn.last, wish), _NOTHING_EARLIER)).answer
    earlier = turn.last.query if continues else ""
    found = yield from _found(turn, wish, earlier or _NOTHING_EARLIER)
    adds = bool(earlier) and found.asked.startswith(turn.last.asked)
    limits = adds and found.answer.understood != turn.last.understood
    # What is asked for in so many words, or adds to a wish, is one where half of it is known; any words where all are.
    named = found.share_known >= (_HALF if asks_for or adds else 1.0)
    if support is None or support.wants_products or limits or named:
        return found.answer
    if turn.last.asked and continues and not adds:
        joined = yield from _found(turn, _joined(turn.last, wish), _NOTHING_EARLIER)
        if joined.share_known >= _HALF:
            return joined.answer
    # A short question after an answer is about that one where it finds the same again, rather than another. A longer
    # one says itself what it is about.
    same = bool(support.answers) and _source(support) in turn.sources and support.confidence >= _HALF
    if same and len(turn.question.split()) <= _SHORT_WORDS:
        return (yield from _shops_answer(turn, support))
    return ChatAnswer(words.a_person, hand_over=True, reason=support.reason or NOT_SURE)


def _support(turn: _Turn) -> Talk[Reply | None]:
    """Returns what the desk says to the question alone, or else with what the customer said before."""
    alone = yield from _asked(reply(turn.question, product_id=turn.product_id))
    if alone is None or not turn.earlier or not alone.hand_over:
        return alone
    return (yield from _asked(reply(turn.question, earlier=turn.earlier, product_id=turn.product_id)))


def _joined(last: ChatAnswer, wish: str) -> str:
    return with_limits(f"{last.asked} {wish}", last.understood)


def _source(support: Reply) -> str:
    return f"answer:{support.answers[0].answer_id}"


def _shops_answer(turn: _Turn, support: Reply) -> Talk[ChatAnswer]:
    text = support.answers[0].text
    if turn.rewords:
        fields = {"question": turn.question, "answer": text}
        written = yield from _asked(write("reply", fields))
        if written is not None and written.checked:
            check = yield from _asked(check_text("reply", {"answer": text}, written.text))
            text = written.text if check is not None and check.checked and check.shared == 1.0 else text
    return ChatAnswer(text, sources=(_source(support),))


def _found(turn: _Turn, wish: str, earlier: str) -> Talk[_Found]:
    """Returns products that were found, a question where the wish is open, or that there is nothing."""
    words = turn.words
    found = yield from _asked(search(wish, k=_LOOKED_AT, in_stock_only=True, earlier_query=earlier))
    if found is None:
        return _Found(ChatAnswer(words.a_person, hand_over=True, reason=NOT_SURE), "", 0.0)
    asked, understood = found.asked or wish, found.understood
    query = with_limits(asked, understood)
    personal = yield from _asked(personal_search(query, *turn.history, k=_LOOKED_AT, in_stock_only=True))
    # What was understood before is what holds; a query that reads otherwise is not asked.
    if personal is not None and personal.understood == understood:
        found = personal
    limits = f" ({understood})" if understood else ""
    explained = (yield from _asked(explain_search(asked, found[0].product_id))) if found else None
    known = [word.lexical > 0.0 for word in explained or ()]
    if not any(known):
        text = f"{words.nothing.format(limits=limits)} {words.a_person}"
        return _Found(ChatAnswer(text, hand_over=True, reason=NOTHING_FOUND), asked, 0.0)
    looked_at = yield from _with_prices(found)
    products = looked_at[: turn.k]
    text = "\n".join([words.found.format(limits=limits), *_lines(products, words)])
    question = _question(found, looked_at, asked, words) if turn.may_ask and not understood else ""
    answer = ChatAnswer(
        "\n".join(filter(None, [text, question])),
        products,
        sources=("search",),
        understood=understood,
        asked=asked,
        asks_back=bool(question),
    )
    # A word of which the model knows nothing is not explained.
    return _Found(answer, asked, sum(known) / max(len(known), len(asked.split())))


def _question(found: SearchAnswers, products: Sequence[ChatProduct], asked: str, words: ChatWords) -> str:
    """Returns what is asked back; empty where it would not help."""
    counts = Counter(each.cluster_label for each in found if each.cluster_label not in ("", _OTHER_KINDS))
    kinds = [kind for kind, count in counts.items() if count >= _LEAST_SHARE * len(found)]
    prices = sorted(product.price for product in products if product.price is not None)
    if len(asked.split()) > _VAGUE_WORDS or len(kinds) < 2 or not prices or prices[-1] < _PRICES_APART * prices[0]:
        return ""
    how_much = words.how_much.format(least=f"{prices[0]:.2f}", most=f"{prices[-1]:.2f}")
    return f"{words.which.format(kinds=', '.join(kinds[:_MOST_KINDS]))} {how_much}"


def _recommended(turn: _Turn) -> Talk[ChatAnswer]:
    found = yield from _asked(recommend(*turn.history, k=turn.k, in_stock_only=True))
    return (yield from _listed(found, "recommendation", turn.words.recommended, turn.words))


def _together(turn: _Turn) -> Talk[ChatAnswer]:
    ids = [product.product_id for product in turn.last.products]
    found = yield from _asked(bought_together(ids, turn.k))
    return (yield from _listed(found, "together", turn.words.with_it, turn.words))


def _listed(
    found: Sequence[Answer] | Sequence[TogetherAnswer] | None, source: str, before: str, words: ChatWords
) -> Talk[ChatAnswer]:
    if not found:
        return ChatAnswer(words.a_person, hand_over=True, reason=NOTHING_FOUND)
    products = yield from _with_prices(found)
    return ChatAnswer("\n".join([before, *_lines(products, words)]), products, sources=(source,))


def _with_prices(found: Sequence[Answer | SearchAnswer | TogetherAnswer]) -> Talk[tuple[ChatProduct, ...]]:
    facts = yield from _asked(product_facts([each.product_id for each in found]))
    known = {each.product_id: each for each in facts or ()}
    return tuple(
        ChatProduct(each.product_id, each.title, known[each.product_id].price if each.product_id in known else None)
        for each in found
    )


def _lines(products: Sequence[ChatProduct], words: ChatWords) -> list[str]:
    return [f"- {each.title}: {words.no_price if each.price is None else f'{each.price:.2f}'}" for each in products]


def _asked(call: Call[Result]) -> Talk[Result | None]:
    """Returns what a model answers; None where it is not served, or has no such signature."""
    try:
        answer: Result = yield call
    except (ModelNotFoundError, MissingSignatureError):
        return None
    return answer


def _says(pattern: str, text: str) -> bool:
    return bool(re.search(pattern, text, re.IGNORECASE))


def _without(pattern: str, text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(pattern, " ", text, flags=re.IGNORECASE)).strip(" ,.!?")


class ChatCalls:
    """The method of a client that talks."""

    chat = ClientTalk(chat)
