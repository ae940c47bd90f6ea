"""The run report: what it says, and that it stands alone."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from tfx_pipeline.figures.charts import Interval, confusion_chart, dots_chart, durations_chart, intervals_chart
from tfx_pipeline.report.page import render_report, write_report
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.tasks.recommendation.rules_network import rules_network

ODD_NAME = "<script>alert('牛奶 & $tea$')</script>"


def metrics(ndcg: float | None) -> dict[str, float | None]:
    return {"ndcg_at_10": ndcg, "recall_at_10": 0.25, "coverage_at_10": 0.5, "ndcg_at_100": 0.75}


def summary() -> dict[str, Any]:
    difference = {"ndcg_at_10": {"mean": 0.0123, "low": 0.001, "high": 0.02}}
    unknown = {"ndcg_at_10": {"mean": None, "low": None, "high": None}}
    task = {
        "metrics": {"test": metrics(0.4321)},
        "baselines": {"popularity": metrics(0.4198), "decayed_count": metrics(None)},
        "ablation": {"towers": {"metrics": metrics(0.4), "differences": {}}},
        "differences": {"popularity": difference, "decayed_count": unknown},
        "slices": {ODD_NAME: {"users": 1234, "metrics": metrics(0.5), "differences": {"popularity": difference}}},
        "users": {"test": 2000, "novel": 1900},
        "blessed": True,
        "refused_because": [],
        "pushed": "root/serving/recommendation/1",
        "examples": {"train": 10, "test": 2000},
        "counts": {"events": 98765, "ranker_windows": [1, 2]},
        "model_bytes": 1,
    }
    refused = {
        **task,
        "queries": 163,
        "blessed": False,
        "pushed": None,
        "refused_because": [f"ndcg_at_10 is below {ODD_NAME}"],
        "slices": None,
    }
    not_given = {"judgements": {"rows": 0, "good": 0}}
    return {
        "config": {
            "name": ODD_NAME,
            "tables": {"events": "e.parquet", "products": "p.parquet", "judgements": None},
        },
        "total_seconds": 90.0,
        "peak_rss_bytes": 3 * 2**30,
        "node_peak_bytes": {"Node7": 5 * 2**28},
        "node_cpu_seconds": {"Node7": 11.5},
        "tables": {"events": {"rows": 1005, "good": 1000}, "products": {"rows": 7, "good": 7}, **not_given},
        "quarantine": {"events": {"negative_price": 5}, "products": {}},
        "set_aside": {"events": {"return": 1234}},
        "notes": [f"Table `users`: no user of {ODD_NAME} occurs in `events`."],
        "tasks": {"recommendation": task, "search": refused},
        "seconds": {f"Node{number}": float(number) for number in range(20)},
    }


def rendered(content: dict[str, Any], root: Path | None = None) -> str:
    return render_report(RunSummary.model_validate({"version": 1, **content}), root)


class Page(HTMLParser):
    """Collects the text, the tags, and whatever would be fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_says_what_the_summary_says() -> None:
    texts = Page(rendered(summary())).texts
    shown = " ".join(texts)
    for expected in (
        "20 nodes in 1.5 minutes, peak memory 3.0 GiB.",
        "to root/serving/recommendation/1",
        "Metrics over 2,000 test users, 1,900 novel users",
        "Metrics over 163 test queries",
        f"ndcg_at_10 is below {ODD_NAME}",
        "5 negative price",
        "1,234 return",
        f"Note: Table `users`: no user of {ODD_NAME} occurs",
        "98,765",
        "decayed count",
    ):
        assert expected in shown
    assert texts.count("0.4321") == 4, "in the headline and among all metrics, of two tasks"
    assert texts.count("–") == 4
    assert [texts[place + 1] for place, text in enumerate(texts) if text == "events"] == ["98,765", "98,765", "1,005"]
    assert {"pushed", "refused", "1,000"} <= set(texts)


def test_what_matters_overall_is_a_table() -> None:
    content = summary()
    parts = [{"name": ODD_NAME, "mean": 0.25, "deviation": 0.0321}, {"name": "noise", "mean": -0.001, "deviation": 0.0}]
    found = {"metric": "ndcg_at_10", "value": 0.6, "examples": 1234, "repeats": 5, "parts": parts}
    content["tasks"]["recommendation"]["importance"] = found
    texts = Page(rendered(content)).texts
    place = texts.index("What matters overall")
    shown = [text for text in texts[place:] if text]
    assert "gets where a part is shuffled among 1,234 test examples" in " ".join(shown[:20])
    row = shown.index(ODD_NAME)
    assert shown[row : row + 6] == [ODD_NAME, "0.2500", "0.0321", "noise", "-0.0010", "0.0000"]
    assert texts.count("What matters overall") == 1


def test_privacy_gaps_and_exposure_are_told() -> None:
    content = summary()
    gap = {"difference": -0.05, "low": -0.08, "high": -0.02, "p_value": 0.00001, "beyond_chance": True}
    likely = {**gap, "difference": 0.01, "low": -0.02, "high": 0.04, "p_value": 0.75, "beyond_chance": False}
    of_age = {"age=young": {"ndcg_at_10": likely}, ODD_NAME: {"ndcg_at_10": gap, "f1_macro": {"difference": None}}}
    content["tasks"]["recommendation"] |= {
        "privacy": {"epsilon": 7.984, "delta": 1e-05, "unit": "user"},
        "slice_gaps": {"age": of_age},
        "exposure": {"seller": {"": {**gap, "exposure": 0.25, "events": 0.30}}},
    }
    texts = [text for text in Page(rendered(content)).texts if text]
    assert "privacy: epsilon 7.98 at a delta of 1e-05, by user trained on" in texts[texts.index("Privacy") :]
    shown = texts[texts.index("Gaps between groups") :]
    place = shown.index(ODD_NAME)
    assert shown[place : place + 5] == [ODD_NAME, "ndcg_at_10", "-0.0500", "-0.0800 to -0.0200", "under 0.0001"]
    assert shown[place + 5 : place + 10] == ["age=young", "ndcg_at_10", "+0.0100", "-0.0200 to +0.0400", "0.7500"]
    assert "f1_macro" not in shown[: shown.index("Attention by seller")]
    shown = shown[shown.index("Attention by seller") :]
    place = shown.index("(none)")
    assert shown[place + 1 : place + 4] == ["25.0%", "30.0%", "-5.0%"]


def test_the_best_of_an_accuracy_is_marked() -> None:
    html = rendered(summary())
    assert "<strong>0.4321</strong>" in html
    assert "<strong>0.5000</strong>" not in html


def test_the_page_stands_alone_and_runs_nothing() -> None:
    page = Page(rendered(summary()))
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    assert page.links
    assert all(link.startswith("#") for link in page.links)


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    file = write_report(tmp_path, RunSummary.model_validate({"version": 1, **summary()}))
    assert [path.name for path in tmp_path.iterdir()] == [file.name] == ["report.html"]
    assert file.read_text(encoding="utf-8") == rendered(summary())


def texts_of(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def rule(bought: list[str], together_with: str, lift: float = 3.0) -> dict[str, Any]:
    figures = {"count": 1234, "confidence": 0.25, "lift": lift, "q_value": 1e-9}
    return {"bought": bought, "together_with": [together_with], **figures}


def test_the_strongest_rules_stand_in_a_table_and_in_a_network() -> None:
    with_rules = summary()
    task = with_rules["tasks"]["recommendation"]
    rules = [rule(["tea", ODD_NAME], "milk $1$"), rule(["milk $1$"], "tea"), *(rule([f"{n}"], "x") for n in range(40))]
    task["rules"] = {"strongest": {"product": rules, "category": []}}
    found = {"ndcg_at_10": {"mean": 0.0001, "low": -0.001, "high": 0.002}}
    task["ablation"]["ranker_without_rules"] = {"metrics": metrics(0.4), "differences": found}
    texts = Page(rendered(with_rules)).texts
    assert {"Strongest rules of product level", "bought", "together with", f"tea + {ODD_NAME}", "1,234"} <= set(texts)
    assert "Strongest rules of category level" not in texts
    assert any("+0.0001 (95% interval -0.0010 to +0.0020)" in text for text in texts)
    assert any(text.startswith("Each was trained once") for text in texts)


def test_a_network_names_each_member_once_and_is_the_same_each_time() -> None:
    rules = [rule(["tea", "牛奶"], "milk $1$", 9.0), rule(["milk $1$"], "tea"), rule(["a" * 99], "b")]
    drawn = rules_network(rules)
    texts = texts_of(drawn)
    assert sorted(text for text in texts if text in {"tea", "牛奶", "milk $1$", "b"}) == [
        "b",
        "milk $1$",
        "tea",
        "牛奶",
    ]
    assert rules_network(rules) == drawn


def test_charts_hold_their_labels_as_text() -> None:
    intervals = {ODD_NAME[:30]: Interval(0.1, 0.05, 0.2), "with too few": Interval(0.1, None, None)}
    assert {ODD_NAME[:30], "with too few", "gain"} <= set(texts_of(intervals_chart(intervals, "gain")))
    dots = dots_chart({"small (3)": {"this model": 0.5, "other": None}, "large (9)": {"other": 0.1}}, "ndcg")
    assert {"small (3)", "large (9)", "this model", "other"} <= set(texts_of(dots))
    durations = texts_of(durations_chart({"Short": 1.0, "Long": 1234.56, "Unseen": 0.1}, most=2))
    assert {"Short", "Long", "1,234.6"} <= set(durations)
    assert "Unseen" not in durations


def test_a_confusion_matrix_shows_its_counts() -> None:
    texts = texts_of(confusion_chart(["neg", "牛奶 <pos>"], [[12, 3], [0, 4567]]))
    assert {"neg", "牛奶 <pos>", "12", "3", "0", "4,567", "given", "true"} <= set(texts)
    many = texts_of(confusion_chart([f"label {number}" for number in range(12)], np.eye(12).tolist()))
    assert "label 11" in many
    assert "1" not in many, "too many for their counts"


def test_a_confusion_matrix_of_odd_labels_keeps_its_shape() -> None:
    texts = texts_of(confusion_chart(["x" * 300, "one\ntwo", "中" * 20], np.eye(3).tolist()))
    assert texts.count("x" * 15 + "…") == 2
    assert "one two" in texts
    # A Chinese character is as wide as two others.
    assert "中" * 7 + "…" in texts
    size = [float(number) for number in view_box(confusion_chart(["x" * 300, "b"], np.eye(2).tolist()))[2:]]
    usual = [float(number) for number in view_box(confusion_chart(["x" * 16, "b"], np.eye(2).tolist()))[2:]]
    assert size == usual


def test_wide_characters_have_room_at_both_ends() -> None:
    rows = {name: Interval(1, 0, 2) for name in ("ab", "中")}
    left, _, width, _ = map(float, view_box(intervals_chart(rows, "gain")))
    assert left < 0
    assert width > float(view_box(intervals_chart({"ab": rows["ab"], "a": rows["中"]}, "gain"))[2]) - 2 * left - 1


def view_box(svg: str) -> list[str]:
    return ET.fromstring(svg).attrib["viewBox"].split()


def test_pictures_have_the_fonts_of_the_page() -> None:
    assert "font-family" not in confusion_chart(["neg", "pos"], [[1, 2], [3, 4]])
    assert re.search(r"svg text \{ font-family: [^}]*Noto Sans CJK", rendered(summary()))


def test_notes_stand_under_the_verdict() -> None:
    content = summary()
    content["tasks"]["search"]["notes"] = [f"mrr fell short of {ODD_NAME}; it may be chance."]
    texts = Page(rendered(content)).texts
    assert texts.index(f"mrr fell short of {ODD_NAME}; it may be chance.") > texts.index(
        f"ndcg_at_10 is below {ODD_NAME}"
    )


def test_a_table_that_was_not_given_is_not_listed() -> None:
    assert "judgements" not in Page(rendered(summary())).texts


def test_a_longer_label_is_cut() -> None:
    label = next(text for text in texts_of(intervals_chart({"x" * 99: Interval(1, 0, 2)}, "gain")) if "x" in text)
    assert len(label) == 34
    assert label.endswith("…")
