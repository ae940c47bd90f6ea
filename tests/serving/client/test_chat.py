"""What the assistant asks the models for a turn, and what it makes of their answers, given by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from serving.client import (
    Answer,
    ChatAnswer,
    ChatProduct,
    ExplainedWord,
    FoundAnswer,
    ProductFacts,
    Reply,
    SearchAnswer,
    SearchAnswers,
    TextCheck,
    TogetherAnswer,
    WrittenText,
)
from shelfwise_client.call import Call
from shelfwise_client.chat.answer import with_limits
from shelfwise_client.chat.conversation import chat
from shelfwise_client.chat.desk import likelier
from shelfwise_client.errors import ModelNotFoundError
from shelfwise_client.methods import Talk
from shelfwise_client.signature_memory import MissingSignatureError

SURE = Reply("delivery", 0.9, [FoundAnswer("fees", "Delivery costs 4.90.", 0.9)], 0.95, False)
UNSURE = Reply(
    "", 0.1, [FoundAnswer("fees", "Delivery costs 4.90.", 0.2)], 0.2, False, hand_over=True, reason="not_sure"
)
WISH = Reply("", 0.1, [], 0.2, True)
PRICES = {"a": 2.0, "b": 9.5, "c": None}
NO_MODEL, NO_SIGNATURE = ModelNotFoundError("not served", None), MissingSignatureError("no such signature")
SHOWN = ChatAnswer("", (ChatProduct("a", "Tea a", 2.0),), ("search",), "price at most 5", "tea")


def found(
    ids: str, understood: str = "", asked: str = "tea", kinds: str = "x", *, joined: bool = False
) -> SearchAnswers:
    """Products of one letter each, in groups of one letter each, the last one for all others."""
    groups = kinds.ljust(len(ids), kinds[-1])
    products = [SearchAnswer(each, 1.0, f"Tea {each}", 1, 0, groups[place]) for place, each in enumerate(ids)]
    return SearchAnswers(products, understood, asked, joined)


def facts(call: Call[Any]) -> list[ProductFacts]:
    asked = [each.decode() for each in call.inputs["product_ids"].values]
    return [ProductFacts(each, f"Tea {each}", PRICES[each]) for each in asked]


def led(talk: Talk[ChatAnswer], said: dict[str, Any]) -> tuple[ChatAnswer, list[Call[Any]]]:
    """Answers each call by what its signature says, and returns the end and the calls."""
    calls: list[Call[Any]] = []
    answer: Any = None
    while True:
        try:
            call = talk.throw(answer) if isinstance(answer, Exception) else talk.send(answer)
        except StopIteration as end:
            return end.value, calls
        calls.append(call)
        answer = facts(call) if call.signature == "product_facts" else said.get(call.signature, NO_SIGNATURE)
        answer = answer(call) if callable(answer) and not isinstance(answer, Exception) else answer


def asked_for(calls: list[Call[Any]], name: str) -> list[str]:
    return [call.inputs[name][0].decode() for call in calls if name in call.inputs]


WORDS, HALF = [ExplainedWord("tea", 1.0, 0.0)], [ExplainedWord("tea", 1.0, 0.0), ExplainedWord("dinner", 0.0, 1.0)]


def test_what_the_shop_is_sure_of_is_said_word_for_word() -> None:
    answer, calls = led(chat(["what is delivery?"]), {"reply": SURE})
    assert answer == ChatAnswer("Delivery costs 4.90.", sources=("answer:fees",))
    assert [call.signature for call in calls] == ["refined", "reply"]


@pytest.mark.parametrize(
    ("written", "check", "text"),
    [
        ("It costs 4.90.", TextCheck(True, "", 0.6), SURE.answers[0].text),
        ("It costs 3.", TextCheck(False, "not in the facts: number 3", 1.0), SURE.answers[0].text),
        ("4.90 is what delivery costs.", TextCheck(True, "", 1.0), "4.90 is what delivery costs."),
    ],
)
def test_another_wording_counts_where_it_says_all_and_nothing_else(written: str, check: TextCheck, text: str) -> None:
    said = {"reply": SURE, "serving_default": WrittenText(written, True, "", "model"), "check": check}
    assert led(chat(["delivery?"], rewords=True), said)[0].text == text


def test_nobody_is_sure_so_a_person_answers() -> None:
    answer, _ = led(chat(["who painted this?"]), {"reply": UNSURE, "refined": found("a")})
    assert (answer.hand_over, answer.reason, answer.products) == (True, "not_sure", ())


@pytest.mark.parametrize(
    ("question", "explained", "finds"),
    [
        ("tea", WORDS, True),
        ("tea dinner", HALF, False),
        ("I need tea for dinner", HALF, True),
        ("I need tea", [], False),
    ],
)
def test_what_the_desk_does_not_take_for_a_wish_is_one_by_its_words(
    question: str, explained: list[ExplainedWord], finds: bool
) -> None:
    answer, _ = led(chat([question]), {"reply": UNSURE, "refined": found("a"), "explain": explained})
    assert bool(answer.products) is finds
    assert answer.hand_over is not finds


def reading(*scores: tuple[str, float], sure: bool) -> Reply:
    answers = [FoundAnswer(name, name, score) for name, score in scores]
    reason = "" if sure else "not_sure"
    return Reply("", 0.5, answers, 0.9 if sure else 0.3, False, hand_over=not sure, reason=reason)


@pytest.mark.parametrize(
    ("alone", "whole", "best"),
    [
        # Of the question alone one is likely, and with what was said before the other is.
        (
            reading(("returns", 0.8), ("lost", 0.04), sure=True),
            reading(("lost", 0.99), ("join", 0.01), sure=True),
            "lost",
        ),
        (
            reading(("returns", 0.4), ("jobs", 0.1), sure=False),
            reading(("lost", 0.98), ("join", 0.01), sure=True),
            "lost",
        ),
        # It says itself what it is about.
        (reading(("cancel", 1.0), sure=True), reading(("change", 0.52), ("cancel", 0.48), sure=True), "cancel"),
        (reading(("pickup", 0.98), sure=True), reading(("cost", 0.98), ("pickup", 0.0006), sure=True), "pickup"),
        # Neither is sure, or all is as likely.
        (reading(("jobs", 0.4), sure=False), reading(("jobs", 0.5), sure=False), None),
        (reading(("jobs", 0.4), ("lost", 0.3), sure=False), reading(("lost", 0.5), ("jobs", 0.5), sure=True), None),
    ],
)
def test_what_is_likeliest_alone_and_with_what_it_goes_on_from(alone: Reply, whole: Reply, best: str | None) -> None:
    found = likelier(alone, whole)
    assert found.hand_over is (best is None)
    if best is not None:
        assert (found.answers[0].answer_id, found.answers[0].text, found.reason) == (best, best, "")


def by_question(said: dict[str, Reply]) -> Callable[[Call[Any]], Reply]:
    return lambda call: said[call.inputs["question"][0].decode()]


def test_a_question_that_points_back_is_read_with_the_turns_of_the_answer() -> None:
    before = [
        "delivery?",
        ChatAnswer("", sources=("answer:fees",)),
        "my card is gone",
        ChatAnswer("", sources=("answer:lost",)),
        "it was blue",
        ChatAnswer("", sources=("answer:lost",)),
    ]
    whole = reading(("lost", 0.99), sure=True)
    for asked in ("what can I do now?", "who do I write to?", "and then?", "is that free?", "do I need it for this?"):
        replies = {asked: UNSURE, f"my card is gone it was blue {asked}": whole}
        answer, _ = led(chat([*before, asked]), {"reply": by_question(replies)})
        assert answer.sources == ("answer:lost",)
    # What has words of its own says itself what it is about, and so is what it is about.
    for asked in ("who is the mayor?", "do you like music?", "who is the mayor of this town?", "is there a zoo?"):
        answer, calls = led(chat([*before, asked]), {"reply": UNSURE})
        assert answer.hand_over
        assert [call.signature for call in calls].count("reply") == 1


def test_after_a_hand_over_no_earlier_answer_is_gone_on_with() -> None:
    handed = [
        "what is delivery?",
        ChatAnswer("", sources=("answer:fees",)),
        "do you juggle?",
        ChatAnswer("", hand_over=True),
    ]
    _, calls = led(chat([*handed, "what now?"]), {"reply": UNSURE})
    assert asked_for([call for call in calls if call.signature == "reply"], "question") == ["what now?"] * 2


def test_what_the_desk_looks_for_is_told_of_what_was_asked_before() -> None:
    dialogue = ["my order is late", ChatAnswer("", sources=("answer:late",)), "order number 4471902"]
    number = replace(UNSURE, slots={"order_number": "4471902"})
    replies = {dialogue[-1]: number, "my order is late order number 4471902": reading(("late", 0.8), sure=True)}
    assert led(chat(dialogue), {"reply": by_question(replies)})[0].sources == ("answer:late",)
    assert led(chat(dialogue), {"reply": UNSURE})[0].hand_over


def test_what_was_handed_over_is_told_with_what_is_said_of_it() -> None:
    dialogue = ["something is wrong", ChatAnswer("", hand_over=True), "it never came"]
    _, calls = led(chat(dialogue), {"reply": UNSURE})
    asked = [call.inputs["earlier"].values.tolist() for call in calls if call.signature == "reply"]
    assert asked == [[], [b"something is wrong"]]


def test_a_wish_finds_products_with_the_prices_of_the_catalogue() -> None:
    said = {"reply": WISH, "refined": found("abc", "price at most 10"), "explain": WORDS}
    answer, calls = led(chat(["do you have tea under 10?"], k=2), said)
    assert answer.text == "This is what we have (price at most 10):\n- Tea a: 2.00\n- Tea b: 9.50"
    assert answer.products == (ChatProduct("a", "Tea a", 2.0), ChatProduct("b", "Tea b", 9.5))
    assert (answer.query, answer.sources, answer.asks_back) == ("tea, at most 10", ("search",), False)
    # What stands around the wish is not searched for; who asks counts where the model has learned that.
    assert asked_for(calls, "query") == ["tea under 10", "tea, at most 10", "tea"]


def test_who_asks_counts_where_the_model_knows_and_understands_the_same() -> None:
    said = {"reply": WISH, "refined": found("ab", "price at most 10"), "explain": WORDS}
    same, other = found("ba", "price at most 10"), found("ba")
    assert led(chat(["tea under 10"], ["x"]), {**said, "personal": same})[0].products[0].product_id == "b"
    assert led(chat(["tea under 10"], ["x"]), {**said, "personal": other})[0].products[0].product_id == "a"


def test_it_asks_back_once_and_takes_the_answer_for_more_of_the_wish() -> None:
    said = {"reply": WISH, "refined": found("abc", kinds="xy"), "explain": WORDS}
    first, _ = led(chat(["tea"]), said)
    assert first.asks_back
    assert first.text.endswith("\nWhich kind do you mean: x, y? They cost from 2.00 to 9.50; how much may it be?")
    second, calls = led(chat(["tea", first, "green"]), {**said, "reply": UNSURE})
    assert "tea green" in asked_for(calls, "query")
    assert second.products
    assert not second.asks_back


@pytest.mark.parametrize(("confidence", "finds"), [(0.7, True), (0.95, False)])
def test_a_word_or_two_is_the_name_of_a_product_where_the_desk_is_hardly_sure(confidence: float, finds: bool) -> None:
    said = {"reply": replace(SURE, confidence=confidence), "refined": found("a"), "explain": HALF}
    assert bool(led(chat(["lemon tea"]), said)[0].products) is finds


@pytest.mark.parametrize(("reply", "finds"), [(UNSURE, True), (SURE, False)])
def test_a_name_after_an_answer_is_asked_of_the_desk_by_itself(reply: Reply, finds: bool) -> None:
    dialogue = ["what is delivery?", ChatAnswer("", sources=("answer:fees",)), "and tea?"]
    answer, calls = led(chat(dialogue), {"reply": reply, "refined": found("a"), "explain": WORDS})
    assert bool(answer.products) is finds
    assert asked_for([call for call in calls if call.signature == "reply"], "question") == ["and tea?"]


@pytest.mark.parametrize(("joined", "query"), [(True, "tea, at most 4"), (False, "tea cheaper than 4")])
def test_a_limit_answers_the_question_back_however_sure_the_desk_is(joined: bool, query: str) -> None:
    asked = replace(SHOWN, understood="", asks_back=True)
    said = {"reply": SURE, "refined": found("a", "price at most 4", joined=joined), "explain": WORDS}
    answer, calls = led(chat(["tea", asked, "cheaper than 4"]), said)
    assert (answer.sources, answer.understood) == (("search",), "price at most 4")
    assert query in asked_for(calls, "query")


def test_what_answers_the_question_back_does_not_lose_the_wish() -> None:
    asked = replace(SHOWN, understood="", asks_back=True)
    other = [ExplainedWord("tea", 0.0, 1.0), ExplainedWord("lemon", 1.0, 1.0)]
    said = {"reply": UNSURE, "refined": found("b", asked="tea lemon"), "explain": other}
    again, _ = led(chat(["tea", asked, "lemon"]), said)
    assert (again.text, again.asked) == ("This is what we have:\n- Tea a: 2.00", "tea")
    also, _ = led(chat(["tea", asked, "and lemon"]), said)
    assert [each.product_id for each in also.products] == ["b"]


@pytest.mark.parametrize(("joined", "understood"), [(True, "price below 3"), (False, "price at most 10")])
def test_a_limit_is_said_of_products_however_sure_the_desk_is(joined: bool, understood: str) -> None:
    refined = found("a", understood, joined=joined)
    answer, _ = led(chat(["tea", SHOWN, "cheaper ones"]), {"reply": SURE, "refined": refined, "explain": WORDS})
    assert (answer.sources, answer.understood) == (("search",), understood)


def test_limits_of_before_alone_make_no_question_one_for_products() -> None:
    refined = found("a", SHOWN.understood, joined=True)
    answer, _ = led(chat(["tea", SHOWN, "is it delivered?"]), {"reply": SURE, "refined": refined, "explain": WORDS})
    assert answer.sources == ("answer:fees",)


def test_it_does_not_ask_where_one_kind_was_found_or_a_limit_was_given() -> None:
    for answer in (found("ab"), found("ab", "price at most 10", kinds="xy"), found("ac", kinds="xy")):
        assert not led(chat(["tea"]), {"reply": WISH, "refined": answer, "explain": WORDS})[0].asks_back


def test_what_adds_to_the_last_wish_is_searched_for_with_it() -> None:
    said = {"reply": UNSURE, "refined": found("a", "price below 3", "tea"), "explain": WORDS}
    answer, calls = led(chat(["tea under 5", SHOWN, "cheaper ones"]), said)
    assert asked_for(calls, "earlier_query") == ["tea, at most 5"]
    assert answer.query == "tea, below 3"


@pytest.mark.parametrize("refined", [SearchAnswers(), found("a")])
def test_what_is_not_found_by_any_word_is_handed_over(refined: SearchAnswers) -> None:
    answer, _ = led(chat(["helicopter"]), {"reply": WISH, "refined": refined, "explain": []})
    assert (answer.hand_over, answer.reason, answer.products) == (True, "nothing_found", ())


def test_a_recommendation_and_what_goes_with_it() -> None:
    liked, _ = led(chat(["surprise me"], ["x"]), {"filtered": [Answer("b", 1.0, "Tea b")]})
    assert (liked.text, liked.sources) == ("This may suit you:\n- Tea b: 9.50", ("recommendation",))
    others, calls = led(chat(["surprise me", liked, "something else"]), {"filtered": [Answer("a", 1.0, "Tea a")]})
    assert others.products[0].product_id == "a"
    assert [each.decode() for each in calls[0].inputs["exclude_ids"].values] == ["b"]
    with_it = {"bought_together": [TogetherAnswer("c", "Tea c", 0.1, 2.0)]}
    more, calls = led(chat(["surprise me", liked, "what goes with it?"]), with_it)
    assert (more.text, more.sources) == ("This goes with it:\n- Tea c: price not known", ("together",))
    assert [each.decode() for each in calls[0].inputs["product_ids"].values] == ["b"]


def test_what_does_not_matter_shows_the_same_again() -> None:
    again, calls = led(chat(["tea", replace(SHOWN, asks_back=True), "I don't care which"]), {})
    assert (again.text, again.asks_back, calls) == ("Then these:\n- Tea a: 2.00", False, [])


def test_what_refined_takes_by_itself_may_still_add_to_the_wish() -> None:
    # Neither by itself nor by the desk it is anything; with the wish before, half of the words are known.
    said = {"reply": UNSURE, "refined": found("a", asked="baby tea"), "explain": HALF}
    answer, calls = led(chat(["tea", SHOWN, "for a baby"]), said)
    assert asked_for(calls, "query")[:1] == ["for a baby"]
    assert "tea for a baby, at most 5" in asked_for(calls, "query")
    assert answer.products


def test_a_price_is_told_again_and_a_greeting_is_returned() -> None:
    again, calls = led(chat(["tea", SHOWN, "how much is it?"]), {})
    assert (again.text, again.sources, calls) == ("The prices:\n- Tea a: 2.00", ("catalogue",), [])
    assert led(chat(["Hello!"]), {})[0].text == "Hello. What are you looking for?"
    assert led(chat(["tea", SHOWN, "great, thank you"]), {})[0].text == "You are welcome."


def test_models_that_are_not_served_are_done_without() -> None:
    answer, _ = led(chat(["tea"]), {"reply": NO_MODEL, "refined": found("a"), "explain": WORDS})
    assert answer.products
    assert led(chat(["tea"]), {"reply": NO_MODEL, "refined": NO_MODEL})[0].hand_over


def test_limits_are_said_as_a_query_says_them() -> None:
    said = "without: nuts, raisins; for: cat; brand: private; price at most 4; size 2 l"
    assert with_limits("food", said) == "food, without nuts, raisins, for cat, brand private, at most 4, 2 l"


@pytest.mark.parametrize("dialogue", [[], "tea", ["tea", SHOWN]])
def test_a_dialogue_ends_with_the_customer(dialogue: Any) -> None:
    with pytest.raises(ValueError, match="ends with what the customer says"):
        next(chat(dialogue))
