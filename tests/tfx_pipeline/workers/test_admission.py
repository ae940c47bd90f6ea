"""Which node begins: never more than workers and memory allow, and the longest way first."""

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfx_pipeline.workers.admission import Admission, NotBegun
from tfx_pipeline.workers.costs import Cost, NodeCosts
from tfx_pipeline.workers.machine import memory_budget_bytes, worker_count
from tfx_pipeline.workers.options import LocalOptions


def costs_of(peaks: dict[str, int]) -> NodeCosts:
    costs = NodeCosts(None)
    for node, peak in peaks.items():
        costs.keep(node, Cost(1.0, peak))
    return costs


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=8),
    st.integers(1, 3),
    st.integers(1, 12),
)
def test_workers_and_memory_last(peaks: list[int], workers: int, budget: int) -> None:
    nodes = {f"node{number}": peak for number, peak in enumerate(peaks)}
    admission = Admission(workers=workers, budget_bytes=budget, costs=costs_of(nodes), ways=dict.fromkeys(nodes, 1.0))
    lock, running, seen = threading.Lock(), set[str](), list[set[str]]()

    def work(node: str) -> None:
        with admission.begun(node):
            with lock:
                running.add(node)
                seen.append(set(running))
            threading.Event().wait(0.001)
            with lock:
                running.remove(node)

    threads = [threading.Thread(target=work, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {node for each in seen for node in each} == set(nodes)
    for each in seen:
        assert len(each) <= workers
        assert len(each) == 1 or sum(nodes[node] for node in each) <= budget


def test_the_longest_way_begins_first_and_nothing_after_the_end() -> None:
    ways = {"short": 1.0, "long": 9.0, "middle": 5.0}
    admission = Admission(workers=1, budget_bytes=1, costs=costs_of(dict.fromkeys(ways, 1)), ways=ways)
    begun, told = list[str](), list[str]()

    def work(node: str) -> None:
        try:
            with admission.begun(node):
                begun.append(node)
                if node == "middle":
                    admission.close()
        except NotBegun as error:
            told.append(str(error))

    threads = [threading.Thread(target=work, args=(node,)) for node in ("short", "middle")]
    with admission.begun("long"):
        for thread in threads:
            thread.start()
        while not admission.waiting >= {"short", "middle"}:
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    assert (begun, told) == (["middle"], ["short was not begun"])


def test_the_way_to_the_end_is_the_longest_one() -> None:
    costs = NodeCosts(None)
    for node, seconds in {"a": 1.0, "b": 10.0, "c": 2.0, "d": 4.0}.items():
        costs.keep(node, Cost(seconds, 1))
    downstream = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    assert costs.seconds_to_the_end(downstream) == {"a": 15.0, "b": 14.0, "c": 6.0, "d": 4.0}


def test_costs_are_kept_and_a_broken_file_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    NodeCosts(file).keep("SearchTrainer", Cost(2.5, 7))
    assert NodeCosts(file).expected("SearchTrainer") == Cost(2.5, 7)
    unknown = NodeCosts(file).expected("ResponseTrainer")
    assert unknown == NodeCosts(None).expected("DemandTrainer") != NodeCosts(None).expected("TextsDataGate")
    file.write_text("{")
    assert NodeCosts(file).expected("SearchTrainer") == unknown


@pytest.mark.parametrize(("options", "count"), [({"workers": 3}, 3), ({"workers": 1}, 1)])
def test_named_workers_are_taken(options: dict[str, int], count: int) -> None:
    assert worker_count(LocalOptions(**options)) == count


def test_what_is_left_open_follows_the_machine() -> None:
    assert 1 <= worker_count(LocalOptions()) <= 4
    assert memory_budget_bytes(LocalOptions(memory_gib=1.5)) == 1610612736
    assert 0 < memory_budget_bytes(LocalOptions()) < 2**50
