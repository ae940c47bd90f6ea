"""What the run report shows of segments: a map, profiles, who moved, and how sure the model may be."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from tests.tfx_pipeline.test_report import ODD_NAME, Page, summary, texts_of
from tfx_pipeline.report import render_report
from tfx_pipeline.report.segment_charts import calibration_chart, flow_chart, map_chart

SVG = "{http://www.w3.org/2000/svg}"


def segments() -> dict[str, Any]:
    random = np.random.default_rng(0)
    profile = {
        "users": 1500,
        "share": 0.75,
        "spend": 1234.5,
        "visits": 6.25,
        "days_since_last": 3.4,
        "kinds": [{"kind": f"kind {number} <b>", "share": 0.1, "lift": 3.0 - number / 2} for number in range(6)],
        "products": [],
    }
    return {
        "profiles": {ODD_NAME: profile, "lapsed": {**profile, "users": 500, "share": 0.25, "kinds": []}},
        "transitions": [
            {"from": "lapsed", "to": "lapsed", "users": 400},
            {"from": "lapsed", "to": ODD_NAME, "users": 100},
            {"from": "", "to": ODD_NAME, "users": 1400},
        ],
        "map": [{"x": x, "y": y, "segment": ("lapsed", ODD_NAME)[int(x > 0)]} for x, y in random.normal(size=(50, 2))],
    }


def page(found: dict[str, Any]) -> Page:
    content = summary()
    task = {
        **content["tasks"]["recommendation"],
        "confusion": {"labels": ["lapsed", ODD_NAME], "counts": [[3, 1], [0, 6]]},
        "calibration": [{"probability": 0.55, "accuracy": 0.5, "rows": 4}],
    }
    return Page(render_report({**content, "tasks": {"segmentation": task}}, found))


def test_the_page_tells_what_each_segment_is_like() -> None:
    shown = " ".join(page(segments()).texts)
    for expected in (
        "Segments of the active users",
        "1,500 (75%)",
        "1,234.50",
        "kind 0 <b> (3.0), kind 1 <b> (2.5)",
        "kind 4 <b>",
        "50 users as the model sees them, by segment",
        "Where 1,900 users went since the last run.",
        "Users by the probability of the best label",
        "not active",
    ):
        assert expected in shown
    assert "kind 5" not in shown
    assert not page(segments()).tags & {"script", "b"}


def test_a_first_run_has_no_flow() -> None:
    shown = " ".join(page({**segments(), "transitions": [], "map": []}).texts)
    assert "since the last run" not in shown
    assert "as the model sees them" not in shown
    assert "Segments of the active users" not in " ".join(page({}).texts)


def test_pictures_hold_their_names_as_text() -> None:
    found = segments()
    assert {"lapsed", "not active"} <= set(texts_of(flow_chart(found["transitions"])))
    assert "lapsed" in texts_of(map_chart(found["map"]))
    assert "share that is right" in texts_of(calibration_chart([{"probability": 0.9, "accuracy": 0.8, "rows": 10}]))
    # A band each way, and a box each end.
    drawn = ET.fromstring(flow_chart(found["transitions"]))
    bands = [node for node in drawn.iter(f"{SVG}g") if "PolyCollection" in node.get("id", "")]
    assert len(bands) == 3 + 2 + 2
