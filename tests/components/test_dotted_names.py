"""Functions that are found by their names, and what is said where there is none."""

import os.path

import pytest

from components.dotted_names import load_function, module_of


def test_a_function_is_found_by_its_name() -> None:
    assert load_function("os.path.join", "run_fn", "any.thing") is os.path.join
    assert module_of("os.path.join") == "os.path"


@pytest.mark.parametrize("name", ["no_such_module.run", "trainer.recommendation.training.no_such_function", "run", ""])
def test_a_function_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"`run_fn` should be the dotted name .* such as any\.thing\. Received"
    ) as raised:
        load_function(name, "run_fn", "any.thing")
    assert repr(name) in str(raised.value)
