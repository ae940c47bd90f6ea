"""Versions against each other: against a bootstrap over users, and against coins that are known to be fair."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from tfx_pipeline.commands.cli import app
from tfx_pipeline.gateway.log.comparing import ALL_USERS, Arm, compare, rate_and_variance
from tfx_pipeline.gateway.log.parquet_log import ParquetLog


def users(random: np.random.Generator, count: int, rate: float) -> np.ndarray:
    """Users who are shown more or less, and click more or less."""
    shown = random.integers(1, 60, count)
    own = random.beta(rate * 20, (1 - rate) * 20, count)
    clicks = random.binomial(shown, own)
    return np.stack([shown, clicks, random.binomial(clicks, 0.3)], axis=1).astype(np.float64)


def test_the_variance_is_that_of_a_bootstrap_over_users() -> None:
    random = np.random.default_rng(0)
    counts = users(random, 300, 0.2)
    rate, variance = rate_and_variance(counts, 1)
    assert rate == pytest.approx(counts[:, 1].sum() / counts[:, 0].sum())
    drawn = [counts[random.integers(0, 300, 300)] for _ in range(2000)]
    rates = [each[:, 1].sum() / each[:, 0].sum() for each in drawn]
    assert np.sqrt(variance) == pytest.approx(np.std(rates), rel=0.08)


def arm(counts: np.ndarray, first: int = 0) -> Arm:
    made = Arm()
    for number, row in enumerate(counts, start=first):
        made.add(f"u{number}", row)
    return made


def test_intervals_hold_the_difference_in_nineteen_of_twenty_trials() -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        found = compare(arm(users(random, 200, 0.2)), arm(users(random, 200, 0.25), 1000), {})[0]
        assert (found.segment, found.outcome, found.enough) == (ALL_USERS, "clicked", True)
        held += found.low <= 0.05 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_segments_are_compared_alone_and_few_users_are_not_enough() -> None:
    random = np.random.default_rng(2)
    segments = {f"u{number}": "large" if number % 1000 < 150 else "small" for number in range(2000)}
    first, second = arm(users(random, 160, 0.1)), arm(users(random, 160, 0.4), 1000)
    found = {(each.segment, each.outcome): each for each in compare(first, second, segments)}
    assert found["large", "clicked"].users == (150, 150)
    assert found["large", "clicked"].verdict == "the second is better"
    assert not found["small", "clicked"].enough
    assert found["small", "clicked"].verdict.startswith("not enough")
    # Whoever saw both is left out.
    second.add("u0", np.array([1.0, 0.0, 0.0]))
    assert compare(first, second, {})[0].users == (159, 160)


def test_the_command_reads_the_log(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    log = ParquetLog(tmp_path / "gateway" / "log")
    for version, rate in ((7, 0.1), (8, 0.5)):
        rows = [
            {
                "shown_at": 1,
                "user_id": f"u{version}-{number % 80}",
                "product_id": "p",
                "model": "recommendation",
                "version": version,
                "clicked": bool(random.random() < rate),
                "purchased": False,
            }
            for number in range(2000)
        ]
        log.write("impressions", rows, kind="impressions", store="s", sequence=f"{version}", at=1e9)
    done = CliRunner().invoke(app, ["compare", "--root", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.exception
    clicked, purchased = json.loads(done.stdout)
    assert clicked["users"] == [80, 80]
    assert clicked["shown"] == [2000, 2000]
    assert clicked["verdict"] == "the second is better"
    assert purchased["verdict"].startswith("not enough")
    other = CliRunner().invoke(app, ["compare", "--root", str(tmp_path), "--model", "search"])
    assert isinstance(other.exception, InputError)
    assert "got none" in str(other.exception)
