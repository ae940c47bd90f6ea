"""What the run report shows of segments: a map, profiles, who moved, and how sure the model may be."""

import json
import re
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tfx_pipeline.report.test_report import ODD_NAME, Page, rendered, summary, texts_of
from tfx_pipeline.figures.charts import calibration_chart
from tfx_pipeline.figures.drawing import COLOURS, label_looks
from tfx_pipeline.tasks.segmentation.segment_charts import flow_chart, map_chart

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


def segmentation_task() -> dict[str, Any]:
    return {
        **summary()["tasks"]["recommendation"],
        # Not in the alphabet's order.
        "confusion": {"labels": ["lapsed", ODD_NAME], "counts": [[3, 1], [0, 6]]},
        "calibration": [{"probability": 0.55, "accuracy": 0.5, "rows": 4}],
        "segment_definitions": [
            {"segment": "lapsed", "from": None, "to": 0.0},
            {"segment": ODD_NAME, "from": 1234.5, "to": None},
        ],
        "definitions_changed": True,
    }


def write_segments(root: Path, found: dict[str, Any]) -> None:
    """Puts segments below a root, as a run publishes them."""
    folder = root / "segments"
    folder.mkdir()
    (folder / "profiles.json").write_text(json.dumps(found["profiles"]), encoding="utf-8")
    (folder / "transitions.json").write_text(json.dumps(found["transitions"]), encoding="utf-8")
    if found["map"]:
        pq.write_table(pa.Table.from_pylist(found["map"]), folder / "map.parquet")


def page(found: dict[str, Any], **task: Any) -> Page:
    with tempfile.TemporaryDirectory() as root:
        if found:
            write_segments(Path(root), found)
        content = {**summary(), "tasks": {"segmentation": {**segmentation_task(), **task}}}
        return Page(rendered(content, Path(root)))


def test_the_page_tells_what_each_segment_is_like() -> None:
    shown = " ".join(page(segments()).texts)
    for expected in (
        "Segments of the active users",
        "1,500 (75%)",
        "1,234.50",
        "kind 0 <b> (3.0), kind 1 <b> (2.5)",
        "kind 4 <b>",
        "50 users as the model sees them, by segment",
        "Where 1,900 users went since the last blessed run.",
        "part of these moves are moves of the cut points",
        "What the segments mean",
        "Users by the probability of the best label",
        "not active",
    ):
        assert expected in shown
    assert "kind 5" not in shown
    assert not page(segments()).tags & {"script", "b"}


def test_a_first_run_has_no_flow() -> None:
    shown = " ".join(page({**segments(), "transitions": [], "map": []}).texts)
    assert "since the last blessed run" not in shown
    assert "as the model sees them" not in shown
    assert "Segments of the active users" not in " ".join(page({}).texts)


def test_a_given_segmentation_has_no_cut_points() -> None:
    texts = page(segments(), segment_definitions=None, definitions_changed=False).texts
    assert "What the segments mean" not in texts
    assert not any("cut points" in text for text in texts)


def test_a_tier_that_nobody_can_be_in_is_told() -> None:
    cuts = [{"segment": "low", "from": 0.0, "to": 10.0}, {"segment": "mid", "from": 10.0, "to": 10.0}]
    texts = page(segments(), segment_definitions=cuts).texts
    assert "mid (nobody)" in texts
    assert "low" in texts


def test_segments_of_an_earlier_model_are_not_shown_as_this_ones() -> None:
    refused = page(segments(), blessed=False, pushed=None)
    shown = " ".join(refused.texts)
    assert "are of an earlier model and are left as they are." in shown
    for absent in ("Segments of the active users", "as the model sees them", "not active"):
        assert absent not in shown
    assert "earlier model" not in " ".join(page({}, blessed=False, pushed=None).texts)
    assert "earlier model" not in " ".join(page(segments()).texts)


def test_a_segment_has_one_colour_in_every_picture_and_its_place_in_the_vocabulary() -> None:
    vocabulary = ["lapsed", "low", "mid", "high"]
    points = [{"x": float(n), "y": 0.0, "segment": name} for n, name in enumerate(sorted(vocabulary))]
    ways = [{"from": name, "to": name, "users": 10} for name in ("", "older", *sorted(vocabulary))]
    flow, users = flow_chart(ways, vocabulary), map_chart(points, vocabulary)
    assert texts_of(flow) == 2 * [*vocabulary, "older", "not active"]
    assert texts_of(users) == vocabulary
    boxes = [colour.lower() for colour in re.findall(r"fill: (#\w{6})", flow)][:6]
    assert boxes == [*(COLOURS[place].lower() for place in range(5)), "#9aa3ad"]
    marks = list(dict.fromkeys(re.findall(r"fill: (#\w{6})", users)))
    assert marks == boxes[:4]


def test_labels_beyond_the_colours_have_other_marks() -> None:
    looks = label_looks([f"label {number}" for number in range(27)])
    assert len(set(looks.values())) == 28


def test_pictures_hold_their_names_as_text() -> None:
    found = segments()
    assert {"lapsed", "not active"} <= set(texts_of(flow_chart(found["transitions"], [])))
    assert "lapsed" in texts_of(map_chart(found["map"], []))
    assert "share that is right" in texts_of(calibration_chart([{"probability": 0.9, "accuracy": 0.8, "rows": 10}]))
    # A band each way, and a box each end.
    drawn = ET.fromstring(flow_chart(found["transitions"], []))
    bands = [node for node in drawn.iter(f"{SVG}g") if "PolyCollection" in node.get("id", "")]
    assert len(bands) == 3 + 2 + 2


def test_the_page_tells_how_segments_were_found_and_how_good_chances_are() -> None:
    tried = [
        {"segments": 3, "stability": 0.61, "silhouette": 0.2},
        {"segments": 4, "stability": 0.87, "silhouette": 0.3},
    ]
    discovery = {"users": 2469, "stability": 0.87, "silhouette": 0.3, "kept_names": 4, "tried": tried}
    chances = {
        "chance_days": 28.0,
        "judged_users": 199,
        "brier": 0.0394,
        "share_brier": 0.0517,
        "calibration_error": 0.007,
    }
    chances |= {"cold_products": 2688, "cold_product_users": 203, "cold_product_recall_at_10": 0.0441}
    chances |= {"cold_product_category_recall_at_10": 0.0204, "cold_product_popularity_recall_at_10": 0.0107}
    found = segments()
    for profile in found["profiles"].values():
        profile["description"] = "More of them than of all users buy Tea <b>."
    shown = " ".join(page(found, discovery=discovery, profiles=chances).texts)
    for expected in (
        "How many segments there are",
        "2,688 products",
        "0.0441",
        "0.0204",
        "2,469 users",
        "0.87",
        "0.0517",
        "0.007",
        "over 199 users",
        "Tea <b>.",
    ):
        assert expected in shown
