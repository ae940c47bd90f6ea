"""The line that a machine reads of a benchmark."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.figures import figures_line, print_figures, ratio

NUMBERS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(width=32).map(np.float32),
    st.integers(-(2**40), 2**40).map(np.int64),
)


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["ratio", "ndcg_at_10", "f1_macro", "p50_ms"]), NUMBERS))
def test_one_line_of_json_with_finite_numbers_or_null(figures: dict[str, float | None]) -> None:
    line = figures_line(figures)
    assert len(line.splitlines()) == 1
    read = json.loads(line, parse_constant=refuse)
    assert list(read) == list(figures)
    for name, value in figures.items():
        assert read[name] == (None if value is None or math.isnan(value) or math.isinf(value) else value)


def test_the_line_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures({"ratio": np.float64(1.5), "queries": np.int64(3), "peer_ms": None})
    assert capsys.readouterr().out == '{"ratio": 1.5, "queries": 3, "peer_ms": null}\n'


@pytest.mark.parametrize("name", ["NDCG@10", "times as fast", "", "10_best", "ndcg-at-10"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="names such as ndcg_at_10"):
        figures_line({name: 1.0})


def test_a_ratio_needs_both_sides() -> None:
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(None, 2.0) is ratio(3.0, None) is ratio(3.0, 0.0) is None
