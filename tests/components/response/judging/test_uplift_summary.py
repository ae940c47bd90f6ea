"""What an evaluation says of uplift, on campaigns whose effects are known."""

import json

import numpy as np
import pytest

from components.response.judging.uplift_summary import JudgedRows, told_apart_line, uplift_summary

NAMES = ("none", "mail", "letter")


def judged(seed=0, rows=6_000, *, knows=True, users=None):
    """Half of the customers respond to mail with .3 more and to a letter with .3 less; the others never differ."""
    generator = np.random.default_rng(seed)
    kind = generator.random(rows) < 0.5
    true = np.column_stack([np.full(rows, 0.4), 0.4 + 0.3 * kind, 0.4 - 0.3 * kind])
    chance = np.array([0.5, 0.3, 0.2])
    arm = generator.choice(3, size=rows, p=chance)
    outcomes = (generator.random(rows) < true[np.arange(rows), arm]).astype(float)
    expected = true if knows else np.column_stack([np.full(rows, 0.4), generator.random((rows, 2))])
    return JudgedRows(NAMES, arm, chance[arm], outcomes, expected, users)


def test_a_model_that_knows_tells_customers_apart():
    rows = judged()
    found = uplift_summary(rows, seed=0, resamples=300)
    json.dumps(found, allow_nan=False)
    assert found["control"] == "none"
    for name, effect in (("mail", 0.15), ("letter", -0.15)):
        treatment = found["treatments"][name]
        assert treatment["told_apart"]
        assert treatment["effect"]["low"] < effect < treatment["effect"]["high"]
        assert treatment["treated"] == (rows.arm == NAMES.index(name)).sum()
        assert treatment["curve"][0] == [0.0, 0.0]
        assert treatment["curve"][-1][0] == 1.0
    assert found["treatments"]["mail"]["uplift_at_30"]["mean"] == pytest.approx(0.3, abs=0.06)
    assert "tells apart whom it moves" in told_apart_line("mail", found["treatments"]["mail"])
    # Mail for those it moves, and none for the others, brings .55; mail for everybody no more; letters .25.
    values = {"by_this_model": 0.55, "nobody": 0.4, "everybody_mail": 0.55, "everybody_letter": 0.25}
    for name, value in values.items():
        policy = found["policies"][name]
        for estimate in ("ips", "self_normalised", "doubly_robust"):
            assert policy[estimate]["low"] < value < policy[estimate]["high"]
        assert 0.0 < policy["effective_rows"] <= policy["rows"] == 6_000


def test_a_model_that_guesses_tells_nobody_apart():
    found = uplift_summary(judged(knows=False), seed=0, resamples=300)
    for name in ("mail", "letter"):
        assert not found["treatments"][name]["told_apart"]
        assert "nobody is told apart" in told_apart_line(name, found["treatments"][name])


def test_equal_predictions_tell_nobody_apart_in_any_order():
    rows = judged()
    order = np.argsort(-rows.arm)
    equal = JudgedRows(NAMES, rows.arm[order], rows.propensities[order], rows.outcomes[order], np.full((6_000, 3), 0.4))
    mail = uplift_summary(equal, seed=0, resamples=100)["treatments"]["mail"]
    assert mail["qini"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert not mail["told_apart"]


def test_a_treatment_without_rows_is_unknown():
    rows = judged(rows=300)
    chosen = rows.arm != 2
    few = JudgedRows(NAMES, *(each[chosen] for each in rows[1:5]))
    letter = uplift_summary(few, seed=0, resamples=100)["treatments"]["letter"]
    assert letter["treated"] == 0
    assert letter["qini"]["mean"] is None
    assert "too few rows" in told_apart_line("letter", letter)
