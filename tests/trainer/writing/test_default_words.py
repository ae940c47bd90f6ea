"""What texts are checked for by default."""

import pytest
import tensorflow as tf

from serving.writing.facts import CheckedFacts, FactCheck
from trainer.writing.default_words import BANNED, SAME_AS, TERMS


@pytest.fixture(scope="module")
def check() -> FactCheck:
    return FactCheck(CheckedFacts(terms=TERMS, same_as=SAME_AS, banned=BANNED))


@pytest.mark.parametrize(
    ("text", "source", "passes"),
    [
        ("No, we don't deliver to your village.", "do you deliver to my village? We deliver to every address.", False),
        ("We do not deliver there.", "We deliver to every address.", False),
        ("We can’t deliver there.", "We deliver to every address.", False),
        ("Yes, we are open.", "are you open on Christmas Day? All stores are closed.", False),
        ("We can't take them afterwards.", "We cannot take them afterwards.", True),
        ("We don't take checks.", "We do not take checks.", True),
        ("A cake without sugar.", "Cake", False),
        ("We deliver to every address.", "We deliver to every address.", True),
    ],
)
def test_nobody_is_told_yes_or_no_where_the_sources_say_neither(
    check: FactCheck, text: str, source: str, passes: bool
) -> None:
    reason = check.unsupported(tf.constant([text]), tf.constant([source]), tf.constant([""])).numpy()[0]
    assert (reason == b"") == passes, reason
