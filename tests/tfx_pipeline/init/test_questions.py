"""Each question is asked once, whoever answers."""

import pytest

from tfx_pipeline.init.questions import Asker, AtTerminal, BestGuess

_ASKERS = {
    "a person": lambda: AtTerminal(show=lambda line: None, read=lambda prompt: answers.pop(0)),
    "nobody": BestGuess,
}
answers: list[str] = []


@pytest.mark.parametrize("who", list(_ASKERS))
def test_a_question_is_asked_once(who: str) -> None:
    answers[:] = ["2", "1"]
    asker: Asker = _ASKERS[who]()
    first = asker.choose("a.csv: a point or a comma?", ["`.`", "`,`"])
    assert first == (1 if who == "a person" else 0)
    # The likelier choice may be another for another table of the file; the answer is the same.
    assert asker.choose("a.csv: a point or a comma?", ["`,`", "`.`"]) == 1 - first
    assert asker.choose("b.csv: a point or a comma?", ["`.`", "`,`"]) == 0


def test_what_was_guessed_is_noted_once() -> None:
    asker = BestGuess()
    for _ in range(2):
        asker.choose("Which?", ["a", "b"])
        asker.note("Look at this.")
    assert asker.unsure == ["Which? Taken: a. Or: b.", "Look at this."]
