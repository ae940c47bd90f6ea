"""Products of an answer: those that a wish finds, with the prices of the catalogue."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shelfwise_client.calls.products import Answer
from shelfwise_client.calls.recommendation import TogetherAnswer
from shelfwise_client.calls.search import (
    SearchAnswer,
    SearchAnswers,
    explain_search,
    personal_search,
    product_facts,
    search,
)
from shelfwise_client.chat.answer import ChatAnswer, ChatProduct, with_limits
from shelfwise_client.chat.turn import NOT_SURE, NOTHING_FOUND, Turn, answer_to
from shelfwise_client.chat.words import ChatWords
from shelfwise_client.methods import Talk

# Stands for no earlier query, where the answer is to say what was asked all the same.
NOTHING_EARLIER = " "
# Products that are looked at to see whether a wish is open, and the share of them that makes a kind.
_LOOKED_AT, _LEAST_SHARE = 50, 0.1
# A wish of at most that many words is open where what it finds is of several kinds and prices.
_VAGUE_WORDS = 2
_MOST_KINDS = 3
_PRICES_APART = 2.0
_OTHER_KINDS = "Other"


@dataclass(frozen=True)
class Found:
    """What comes of a search.

    Attributes:
        answer: What is said of it.
        asked: What was searched for beside its limits.
        known: Words of it that the first product's text has, in lower case.
        share_known: The share of them.
    """

    answer: ChatAnswer
    asked: str
    known: frozenset[str] = frozenset()
    share_known: float = 0.0

    def keeps(self, wish: str) -> bool:
        """Returns whether the first product has a word of a wish."""
        return bool(self.known & {*wish.lower().split()})


def joined(last: ChatAnswer, wish: str) -> str:
    """Returns the last wish with words that add to it, and its limits."""
    return with_limits(f"{last.asked} {wish}", last.understood)


def search_for(wish: str, earlier: str) -> Talk[SearchAnswers | None]:
    """Returns what a wish finds that may add to an earlier one; None where there is no model for that."""
    return (yield from answer_to(search(wish, k=_LOOKED_AT, in_stock_only=True, earlier_query=earlier)))


def find_products(turn: Turn, wish: str, found: SearchAnswers | None) -> Talk[Found]:
    """Returns products that `search_for` found, a question where the wish is open, or that there is nothing."""
    words = turn.words
    if found is None:
        return Found(ChatAnswer(words.a_person, hand_over=True, reason=NOT_SURE), "")
    asked, understood = found.asked or wish, found.understood
    query = with_limits(asked, understood)
    personal = yield from answer_to(personal_search(query, *turn.history, k=_LOOKED_AT, in_stock_only=True))
    # What was understood before is what holds; a query that reads otherwise is not asked.
    if personal is not None and personal.understood == understood:
        found = personal
    limits = f" ({understood})" if understood else ""
    explained = (yield from answer_to(explain_search(asked, found[0].product_id))) if found else None
    known = [each.word.lower() for each in explained or () if each.lexical > 0.0]
    if not known:
        text = f"{words.nothing.format(limits=limits)} {words.a_person}"
        return Found(ChatAnswer(text, hand_over=True, reason=NOTHING_FOUND), asked)
    looked_at = yield from with_prices(found)
    products = looked_at[: turn.k]
    text = "\n".join([words.found.format(limits=limits), *product_lines(products, words)])
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
    share_known = len(known) / max(len(explained or ()), len(asked.split()))
    return Found(answer, asked, frozenset(known), share_known)


def _question(found: SearchAnswers, products: Sequence[ChatProduct], asked: str, words: ChatWords) -> str:
    """Returns what is asked back; empty where it would not help."""
    counts = Counter(each.cluster_label for each in found if each.cluster_label not in ("", _OTHER_KINDS))
    kinds = [kind for kind, count in counts.items() if count >= _LEAST_SHARE * len(found)]
    prices = sorted(product.price for product in products if product.price is not None)
    if len(asked.split()) > _VAGUE_WORDS or len(kinds) < 2 or not prices or prices[-1] < _PRICES_APART * prices[0]:
        return ""
    how_much = words.how_much.format(least=f"{prices[0]:.2f}", most=f"{prices[-1]:.2f}")
    return f"{words.which.format(kinds=', '.join(kinds[:_MOST_KINDS]))} {how_much}"


def with_prices(found: Sequence[Answer | SearchAnswer | TogetherAnswer]) -> Talk[tuple[ChatProduct, ...]]:
    """Returns products with the prices of the catalogue."""
    facts = yield from answer_to(product_facts([each.product_id for each in found]))
    known = {each.product_id: each for each in facts or ()}
    return tuple(
        ChatProduct(each.product_id, each.title, known[each.product_id].price if each.product_id in known else None)
        for each in found
    )


def product_lines(products: Sequence[ChatProduct], words: ChatWords) -> list[str]:
    """Returns a line for each product."""
    return [f"- {each.title}: {words.no_price if each.price is None else f'{each.price:.2f}'}" for each in products]
