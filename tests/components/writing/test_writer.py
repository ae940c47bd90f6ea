"""Which candidates are taken."""

from hypothesis import given
from hypothesis import strategies as st

from components.writing.examples.replies import central_answer
from components.writing.writer import KNOWN, MODEL, TEMPLATE, Candidate, difference, picked

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        text=st.sampled_from(["a b", "a c", "a b c d", "e f", "a"]),
        written_by=st.sampled_from([KNOWN, MODEL, TEMPLATE]),
        shared=st.sampled_from([0.0, 0.52, 0.5, 1.0]),
    )
)


@given(candidates=CANDIDATES, count=st.integers(1, 4))
def test_the_best_goes_first_and_each_other_differs_most(candidates: list[Candidate], count: int) -> None:
    chosen = picked(candidates, count)
    texts = [each.text for each in chosen]
    assert len(set(texts)) == len(texts) == min(count, len({each.text for each in candidates}))
    if chosen:
        assert chosen[0].shared >= max(each.shared for each in candidates) - 0.05
    for place in range(1, len(chosen)):
        least = min(difference(texts[place], other) for other in texts[:place])
        for other in candidates:
            if other.text not in texts[:place]:
                assert least >= min(difference(other.text, each) for each in texts[:place])


def test_a_shops_own_text_goes_before_a_machines() -> None:
    same = [Candidate("t", TEMPLATE, 1.0), Candidate("m", MODEL, 0.97), Candidate("k", KNOWN, 0.96)]
    assert picked(same, 1)[0].text == "k"
    assert picked([*same, Candidate("fuller", MODEL, 1.0)], 1)[0].text == "k"
    assert picked([Candidate("k", KNOWN, 0.5), Candidate("m", MODEL, 1.0)], 1)[0].text == "m"


def test_words_in_any_case_make_the_difference() -> None:
    assert difference("A red tea", "a Red TEA") == 0.0
    assert difference("a b", "c d") == 1.0
    assert difference("a b c", "b c d") == 0.5
    assert difference("", "") == 1.0


def test_the_central_answer_is_like_the_others_and_for_no_single_customer() -> None:
    answers = [
        ("where is 77123", "Your order 77123 is on its way to you."),
        ("where is 88123", "Your order 88123 is on its way to you."),
        ("where is it", "It is on its way to you, look at the page of the order."),
        ("and now", "Look at the page of the order to see where it is."),
        ("hello", "Bananas."),
    ]
    assert central_answer(answers) in {answers[2][1], answers[3][1]}
    assert central_answer(answers[:1]) == answers[0][1]
