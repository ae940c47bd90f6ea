"""How the run report looks in a real browser: on a desk, on a phone and on paper."""

import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.tfx_pipeline.report.test_report import rendered, rule, summary
from tests.tfx_pipeline.tasks.segmentation.test_segment_report import segmentation_task, segments, write_segments

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PHONE = 390
LONG_LABEL = "refund " * 40
# What stands out of the page, what is cut in a cell, and boxes that scroll though they hold a table.
MEASURE = """<script>
const named = element => element.tagName + " " + element.className + " " + element.textContent.slice(0, 40);
const outside = [...document.querySelectorAll("body *")].filter(element =>
  !element.parentElement.closest(".wide") && element.getBoundingClientRect().right > innerWidth);
const cut = [...document.querySelectorAll("th, td")].filter(cell => cell.offsetParent !== null && (
  cell.scrollWidth > cell.clientWidth || cell.scrollHeight > cell.clientHeight
  || cell.getBoundingClientRect().right > innerWidth || cell.getBoundingClientRect().left < 0));
const small = [...document.querySelectorAll("svg text")].filter(text =>
  parseFloat(text.style.fontSize) * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b) < 8);
const found = {width: innerWidth, page: document.documentElement.scrollWidth, outside: outside.map(named),
  cut: cut.map(named), small: small.map(named), cells: document.querySelectorAll("td").length};
parent.document.body.innerHTML = "<pre>" + JSON.stringify(found).replace(/[<&]/g, "") + "</pre>";
</script>"""


def full_page(root: Path) -> str:
    """A page of four tasks with everything that a report may have, and names that are hard to show."""
    content = summary()
    task = content["tasks"]["recommendation"]
    rules = [rule([f"category > {n} > kind of {n}", "tea"], f"category > {n} > other of {n}") for n in range(15)]
    task["rules"] = {"strongest": {"product": rules, "category": []}}
    task["baselines"] |= {f"decayed_personal_frequency_{n}": task["baselines"]["popularity"] for n in range(3)}
    task["metrics"]["test"] |= {f"novel_popularity_bias_at_{k}": k / 100 for k in range(40)}
    labels = [LONG_LABEL, *(f"intent number {n}" for n in range(26))]
    classification = {
        **content["tasks"]["search"],
        "texts": 270,
        "notes": ["accuracy fell short, but not by enough to tell."],
        "confusion": {"labels": labels, "counts": (np.eye(27, dtype=int) * 10).tolist()},
        "calibration": [{"probability": 0.55, "accuracy": 0.5, "rows": 4}],
    }
    content["tasks"] |= {"classification": classification, "segmentation": segmentation_task()}
    write_segments(root, segments())
    return rendered(content, root)


def browse(folder: Path, html: str, *arguments: str) -> str:
    """Shows a page to a browser and returns what it prints."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/user")
    command = [str(CHROMIUM), *options, *arguments, file.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, timeout=120, text=True).stdout


@pytest.mark.parametrize("width", [PHONE, 1200])
def test_a_browser_shows_it(tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    browse(tmp_path, full_page(tmp_path), f"--window-size={width},4000", f"--screenshot={picture}")
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert pixels.shape == (4000, width, 3)
    painted = (pixels < 250).any(axis=2)
    assert painted.mean() > 0.01
    assert painted[:, :10].sum() == painted[:, -10:].sum() == 0, "nothing may stand out over the margins"
    # The blue of a chart's marks and the colours of both outcomes.
    for colour in ((0x00, 0x72, 0xB2), (0x00, 0x68, 0x4F), (0xA3, 0x3C, 0x00)):
        assert (np.abs(pixels - np.array(colour)).max(axis=2) < 12).any()


def test_a_phone_shows_every_table_whole(tmp_path: Path) -> None:
    html = full_page(tmp_path).replace("<details>", "<details open>").replace("</body>", f"{MEASURE}</body>")
    # A window is never so narrow without a picture of it.
    frame = f'<iframe style="width:{PHONE}px;height:800px;border:0" srcdoc="{escape(html)}"></iframe>'
    printed = browse(tmp_path, f"<!DOCTYPE html><body>{frame}</body>", "--dump-dom")
    found: dict[str, Any] = json.loads(printed[printed.index("<pre>") + 5 : printed.index("</pre>")])
    assert found["width"] == found["page"] == PHONE
    assert found["cells"] > 300
    assert found["outside"] == found["cut"] == found["small"] == []


def test_paper_has_all_metrics_and_little_emptiness(tmp_path: Path) -> None:
    html = full_page(tmp_path)
    drawn, pages = print_page(tmp_path, html)
    assert drawn == print_page(tmp_path, html.replace("<details>", "<details open>"))[0]
    _, least = print_page(tmp_path, html.replace("break-inside: avoid", "break-inside: auto"))
    assert 5 < pages <= 1.3 * least, "whole figures and rows cost few pages"


def print_page(folder: Path, html: str) -> tuple[list[bytes], int]:
    """Prints a page and returns the PDF's streams, which say what is drawn, and the number of its pages."""
    file = folder / "page.pdf"
    browse(folder, html, "--no-pdf-header-footer", f"--print-to-pdf={file}")
    printed = file.read_bytes()
    return re.findall(rb"(?s)stream\n(.*?)endstream", printed), len(re.findall(rb"/Type\s*/Page\b", printed))
