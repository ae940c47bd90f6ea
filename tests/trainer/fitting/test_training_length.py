"""A training is as long as its options say, and never longer than it may be."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.fitting.training_length import training_length


def test_without_a_limit_it_is_what_the_options_say() -> None:
    assert training_length(7, 3, None) == (7, 3)


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 200))
def test_a_limit_holds_and_leaves_less_than_an_epoch_unused(steps: int, epochs: int, most: int) -> None:
    kept, passes = training_length(steps, epochs, most)
    assert 1 <= kept <= steps
    assert 1 <= passes <= epochs
    assert kept * passes <= most
    assert passes == epochs or most - kept * passes < kept
    assert kept == min(steps, most)
    assert training_length(steps, epochs, None) == (steps, epochs)
