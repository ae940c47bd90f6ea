"""The memory that requests in flight may take together."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.server.errors import StatusError
from serving.server.requests.memory import MemoryBudget, Share


def test_what_is_taken_is_refused_to_others_until_it_is_given_back() -> None:
    budget = MemoryBudget(100)
    first, second = Share(budget), Share(budget)
    first.grow_to(70)
    with pytest.raises(StatusError, match="would take 40 bytes, and requests in flight have taken 70 of 100"):
        second.grow_to(40)
    second.grow_to(30)
    first.shrink_to(10)
    second.grow_to(90)
    for share in (first, second, second):
        share.shrink_to(0)
    assert budget.taken_bytes == 0


@given(st.lists(st.tuples(st.sampled_from(["grow", "shrink"]), st.integers(0, 3), st.integers(0, 200)), max_size=30))
def test_shares_add_up_and_never_pass_the_budget(steps: list[tuple[str, int, int]]) -> None:
    budget = MemoryBudget(300)
    shares, sizes = [Share(budget) for _ in range(4)], [0] * 4
    for what, number, size in steps:
        if what == "shrink":
            shares[number].shrink_to(size)
            sizes[number] = min(sizes[number], size)
        else:
            grown = max(size, sizes[number])
            if sum(sizes) - sizes[number] + grown > 300:
                with pytest.raises(StatusError):
                    shares[number].grow_to(size)
            else:
                shares[number].grow_to(size)
                sizes[number] = grown
        assert budget.taken_bytes == sum(sizes) <= 300


def test_threads_lose_nothing() -> None:
    budget = MemoryBudget(10**9)

    def work() -> None:
        for _ in range(1000):
            share = Share(budget)
            share.grow_to(7)
            share.shrink_to(0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.taken_bytes == 0


def test_without_a_budget_nothing_is_counted() -> None:
    share = Share()
    share.grow_to(10**18)
    share.shrink_to(0)
