"""Both clients have the methods that the calls say, with their parameters, documentation and types."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.client import AsyncShelfwise, SearchAnswers, Shelfwise
from shelfwise_client.calls.tasks import TaskCalls
from tests.serving.client.awaited import awaited

PROJECT = Path(__file__).resolve().parents[3]
METHODS = sorted(name for name in dir(Shelfwise) if not name.startswith("_") and name != "close")
TYPED = """
from collections.abc import Coroutine
from typing import Any, assert_type

import numpy as np

from serving.client import AsyncShelfwise, SearchAnswers, SegmentAnswer, Shelfwise


async def ask(client: Shelfwise, later: AsyncShelfwise) -> None:
    assert_type(client.search("tea", k=3), SearchAnswers)
    assert_type(client.segment(["a"]), SegmentAnswer)
    assert_type(await later.search("tea"), SearchAnswers)
    asking: Coroutine[Any, Any, SearchAnswers] = later.search("tea")
    client.search(5)
    await later.search("tea", number=3)
"""


def test_both_clients_have_the_same_methods() -> None:
    assert {name for name in dir(TaskCalls) if not name.startswith("_")} < set(METHODS)
    assert len(METHODS) >= 12
    for name in METHODS:
        blocking, later = (inspect.signature(getattr(client, name)) for client in (Shelfwise, AsyncShelfwise))
        assert str(blocking) == str(later), name
        assert inspect.iscoroutinefunction(getattr(AsyncShelfwise, name)), name
        assert not inspect.iscoroutinefunction(getattr(Shelfwise, name)), name


def test_a_method_shows_the_parameters_of_its_call() -> None:
    with Shelfwise("127.0.0.1:1") as client:
        shown = inspect.signature(client.search)
    assert list(shown.parameters) == [
        "query",
        "k",
        "category",
        "max_price",
        "in_stock_only",
        "exclude_ids",
        "earlier_query",
    ]
    assert shown.return_annotation is SearchAnswers
    assert (Shelfwise.search.__doc__ or "").startswith("Finds products by what people type.")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.recommend(["a"], history_ages_seconds=[1.0]),
        lambda client: client.segment(["a"], history_ages_seconds=[1.0]),
        lambda client: client.explain_segment(["a"], history_ages_seconds=[1.0]),
        lambda client: client.embed(["a"], history_ages_seconds=[1.0]),
    ],
)
def test_a_keyword_that_has_become_another_is_refused_with_the_new_one(ask: Callable[[Any], Any]) -> None:
    message = "has no argument `history_ages_seconds`; did you mean `history_age_seconds`\\?$"
    with Shelfwise("127.0.0.1:1") as client, pytest.raises(TypeError, match=message):
        ask(client)
    with pytest.raises(TypeError, match=message):
        awaited("127.0.0.1:1", ask)


def test_a_keyword_that_is_like_none_is_refused_with_all() -> None:
    with Shelfwise("127.0.0.1:1") as client, pytest.raises(TypeError, match="no argument `zz`; it has product_id, k"):
        client.similar("a", zz=1)


def test_type_checkers_know_what_each_client_returns(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(TYPED, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(PROJECT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache"), str(tmp_path / "asking.py")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert errors == [str(len(TYPED.splitlines()) - 1), str(len(TYPED.splitlines()))], done.stdout + done.stderr
