"""The table that a run ends with."""

from pathlib import Path

import pytest

from components.segmentation.examples.moments import segment_definitions
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.terminal.console import console

METRICS = {
    "ndcg_at_10": 0.1234,
    "recall_at_10": 0.2,
    "mrr_at_10": 0.3,
    "novel_ndcg_at_10": 0.04,
    "novel_recall_at_10": None,
    "coverage_at_10": 0.5,
    "diversity_at_10": 0.875,
    "novelty_at_10": 12.5,
}


def summary(parts):
    """A summary with the model, its parts, and all baselines."""
    baselines = ("popularity", "personal_frequency", "decayed_personal_frequency")
    task = {
        "metrics": {"test": METRICS},
        "baselines": dict.fromkeys(baselines, METRICS),
        "ablation": {name: {"metrics": METRICS, "differences": {}} for name in parts},
        "differences": {"popularity": {"novel_ndcg_at_10": {"mean": 0.01, "low": -0.01, "high": 0.02}}},
        "users": {"test": 2000, "novel": 1900, "cold": 10},
        "blessed": True,
        "refused_because": [],
        "notes": [],
        "pushed": None,
        "examples": {},
        "counts": {},
        "model_bytes": 1,
    }
    times = {"seconds": {}, "total_seconds": 61.2, "peak_rss_bytes": 2**30}
    return {"config": {}, "quarantine": {}, "tasks": {"recommendation": task}, **times}


def show(content):
    print_summary(RunSummary.model_validate({"version": 1, **content}), Path("root"))


def test_seven_columns_fit_into_a_terminal(monkeypatch):
    monkeypatch.setattr(console, "width", 80)
    with console.capture() as capture:
        show(summary(["towers", "ranker_without_towers", "ranker_with_rules"]))
    lines = capture.get().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("ndcg_at_10"))
    table = lines[first - 3 : first + 7]
    assert max(map(len, table)) <= 80
    assert [line.split()[0] for line in table[3:]] == list(METRICS)[:7]
    assert all(len(line.split()) == 8 for line in table[3:])
    words = {word for line in table[:3] for word in line.split()}
    headings = "this model towers ranker without with rules popularity personal frequency decayed"
    assert set(headings.split()) <= words
    assert table[3].split()[1:] == ["0.1234"] * 7
    assert table[7].split()[1:] == ["–"] * 7


def test_what_the_gate_could_not_count_is_said():
    noted = summary([])
    noted["tasks"]["recommendation"]["notes"] = ["ndcg_at_10 is 0.1; it may be chance."]
    with console.capture() as capture:
        show(noted)
    assert "recommendation note: ndcg_at_10 is 0.1; it may be chance.\n" in capture.get()


def test_what_matters_most_is_said(monkeypatch):
    monkeypatch.setattr(console, "width", 400)
    content = summary([])
    parts = [
        {"name": name, "mean": mean, "deviation": 0.01} for name, mean in zip("abcd", (0.4, 0.3, 0.2, 0.1), strict=True)
    ]
    content["tasks"]["recommendation"]["importance"] = {
        "metric": "ndcg_at_10",
        "value": 0.6,
        "examples": 10,
        "repeats": 5,
        "parts": parts,
    }
    with console.capture() as capture:
        show(content)
    expected = "what matters most, by what ndcg_at_10 loses where it is shuffled: a (0.4000 ± 0.0100), b (0.3000"
    assert expected in capture.get()
    assert "d (0.1" not in capture.get()


def test_what_became_of_the_tables_is_said_before_the_tasks(monkeypatch):
    monkeypatch.setattr(console, "width", 80)
    content = summary([])
    content["quarantine"] = {"events": {"unknown_product": 1200, "negative_price": 5}, "products": {}}
    content["set_aside"] = {"events": {"return": 1234, "left_out": 56}}
    content["notes"] = ["Table `users`: 0 of its 400 users occur in `events` [sic], and so on until the line ends."]
    with console.capture() as capture:
        show(content)
    assert capture.get().splitlines()[:4] == [
        "  quarantined rows of events: 5 negative_price, 1,200 unknown_product",
        "  set aside of events: 56 left_out, 1,234 return",
        f"note: {content['notes'][0]}",
        "",
    ]


def test_a_model_without_parts_has_no_columns_for_them():
    with console.capture() as capture:
        show(summary([]))
    line = next(line for line in capture.get().splitlines() if line.startswith("mrr_at_10"))
    assert line.split()[1:] == ["0.3000"] * 4


def test_what_rules_add_to_the_ranker_is_said():
    helped = summary(["ranker_without_rules"])
    differences = helped["tasks"]["recommendation"]["ablation"]["ranker_without_rules"]["differences"]
    differences["ndcg_at_10"] = {"mean": 0.001, "low": -0.002, "high": 0.004}
    differences["novel_ndcg_at_10"] = {"mean": 0.002, "low": 0.001, "high": 0.003}
    with console.capture() as capture:
        show(helped)
    output = " ".join(capture.get().split())
    assert "novel_ndcg_at_10 with rules in the ranker, against without: +0.0020 (95% interval +0.0010 to" in output
    # Of one training each nothing is advised.
    assert "Rules help" not in output
    assert "`tasks.recommendation.ranker.trainings: 2`" in output


def test_mined_rules_are_counted_and_what_was_left_out_is_said():
    with_rules = summary([])
    with_rules["tasks"]["recommendation"]["rules"] = {
        "uri": "x",
        "events": {"bought_events": 9, "bought_events_without_basket_id": 0, "oversized_baskets": 2},
        "levels": {"product": {"rules": 1234, "baskets": 5000}, "category": {"rules": 7, "baskets": 4900}},
    }
    with console.capture() as capture:
        show(with_rules)
    assert (
        "1,234 rules of product level from 5,000 baskets, 7 rules of category level from 4,900 baskets, "
        "2 baskets left out as too large"
    ) in capture.get().splitlines()


@pytest.mark.parametrize(("cut", "advised"), [(0, False), (1, False), (2, True)])
def test_events_of_baskets_that_go_on_in_the_validation_period_are_said(monkeypatch, cut, advised):
    monkeypatch.setattr(console, "width", 500)
    with_rules = summary([])
    with_rules["tasks"]["recommendation"]["rules"] = {
        "uri": "x",
        "events": {
            "bought_events": 18,
            "bought_events_without_basket_id": 0,
            "oversized_baskets": 0,
            "cut_events": cut,
        },
        "levels": {"product": {"rules": 1, "baskets": 9}},
    }
    with console.capture() as capture:
        show(with_rules)
    assert (f"{cut} events left out as their basket_id goes on" in capture.get()) == bool(cut)
    assert ("say so by `missing` under `tables.events`" in capture.get()) == advised


def test_the_spends_of_segments_are_told_and_whether_they_changed(monkeypatch):
    monkeypatch.setattr(console, "width", 500)
    content = summary([])
    task = content["tasks"]["recommendation"]
    task["segment_definitions"] = segment_definitions(["lapsed", "low", "high"], [1234.567])
    told = {}
    for changed in (False, True):
        with console.capture() as capture:
            show({**content, "tasks": {"segmentation": {**task, "definitions_changed": changed}}})
        told[changed] = capture.get().splitlines()
    assert "segments by spend in a period: lapsed up to 0.00, low up to 1,234.57, high over 1,234.57" in told[False]
    (line,) = set(told[True]) - set(told[False])
    assert line.startswith("These differ from the last run's")


def test_a_tier_that_nobody_can_be_in_is_told(monkeypatch):
    monkeypatch.setattr(console, "width", 500)
    content = summary([])
    task = content["tasks"]["recommendation"]
    task["segment_definitions"] = segment_definitions(["lapsed", "low", "mid", "high"], [10.0, 10.0])
    with console.capture() as capture:
        show({**content, "tasks": {"segmentation": task}})
    spends = "lapsed up to 0.00, low up to 10.00, mid nobody, high over 10.00"
    assert f"segments by spend in a period: {spends}" in capture.get().splitlines()


def test_a_difference_without_an_interval_is_left_out():
    few = summary([])
    few["tasks"]["recommendation"]["differences"]["popularity"]["novel_ndcg_at_10"] |= {"low": None, "high": None}
    with console.capture() as capture:
        show(few)
    assert "novel_ndcg_at_10 against popularity" not in capture.get()
