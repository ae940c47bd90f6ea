"""The task that docs/architecture.md adds: from its text alone to an answer, with no change to the packages."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from serving.server.background import server_process
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "architecture.md"
CATEGORIES = ("Tea", "Coffee", "Honey")
PRODUCTS = {f"{category.lower()}-{number}": category for category in CATEGORIES for number in range(8)}


def write_package(folder: Path) -> None:
    """Writes the files that the page shows, each under the name above it."""
    section = PAGE.read_text("utf-8").partition("\n## Add a task\n")[2]
    shown = re.findall(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for name, content in [("shop_trending/__init__.py", ""), *shown]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def purchases() -> list[tuple[str, str]]:
    """Returns who bought what: the first products of a category more often than the last ones."""
    ids = list(PRODUCTS)
    chosen = [ids[8 * (user % 3) + (place * place + user) % (place + 1)] for user in range(60) for place in range(8)]
    return [(f"user-{number // 8}", product) for number, product in enumerate(chosen)]


def write_tables(folder: Path) -> None:
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("product_id", "title", "category"), *((p, p, c) for p, c in PRODUCTS.items())])
    with (folder / "events.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(u, p, "purchase", 1_700_000_000 + place) for place, (u, p) in enumerate(purchases())]
        csv.writer(file).writerows([("user_id", "product_id", "event_type", "timestamp"), *rows])


def expected(k: int) -> tuple[dict[str, list[int]], float]:
    """Counts in plain Python: how often the best products of each category were bought, and the hit rate."""
    tested = [(u, p) for u, p in purchases() if hashlib.sha256(u.encode()).digest()[0] < 51]
    learned = [(u, p) for u, p in purchases() if (u, p) not in tested]
    counts = {category: Counter(p for _, p in learned if PRODUCTS[p] == category) for category in CATEGORIES}
    best = {category: [product for product, _ in counts[category].most_common(k)] for category in CATEGORIES}
    hits = [product in best[PRODUCTS[product]] for _, product in tested]
    return {c: [counts[c][product] for product in best[c]] for c in CATEGORIES}, sum(hits) / len(hits)


class Shop:
    """A shop whose tables and configuration lie in a folder, with the task's package installed beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "run"
        write_package(folder / "trending")
        write_tables(folder)
        section = PAGE.read_text("utf-8").partition("\n### 8. Run it\n")[2]
        block = re.search(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        assert block is not None
        (folder / "shop.yaml").write_text(block[1], encoding="utf-8")
        self.k = yaml.safe_load(block[1])["tasks"]["trending"]["k"]
        install = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        self.python("-m", *install, "--target", str(folder / "installed"), str(folder / "trending"))

    def python(self, *arguments: str) -> str:
        """Runs Python with the package installed, and returns what it prints."""
        paths = os.pathsep.join([str(ROOT), str(self.folder / "installed")])
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def shelfwise(self, *arguments: str) -> str:
        return self.python("-m", "tfx_pipeline", *arguments)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(tmp_path_factory.mktemp("trending_shop"))
    made.shelfwise("run", "--config", "shop.yaml", "--root", str(made.root))
    return made


def test_its_run_says_in_the_summary_what_plain_python_finds(shop: Shop) -> None:
    summary = json.loads((shop.root / "summary.json").read_text("utf-8"))
    task = summary["tasks"]["trending"]
    assert task["blessed"]
    assert Path(task["pushed"]).parent == shop.root / "serving" / "trending"
    assert task["metrics"]["test"]["hit_rate"] == pytest.approx(expected(shop.k)[1])
    assert task["examples"]["train"] + task["examples"]["test"] == len(purchases())
    assert summary["config"]["tasks"]["trending"] == {"k": shop.k, "min_hit_rate": 0.05}
    assert "trending" in (shop.root / "report.html").read_text("utf-8")


def test_its_model_is_served_and_asked_by_its_command(shop: Shop) -> None:
    counts, _ = expected(shop.k)
    learned = Counter(p for u, p in purchases() if hashlib.sha256(u.encode()).digest()[0] >= 51)
    with server_process("--models", str(shop.root / "serving")) as addresses:
        answered = shop.shelfwise("trending", "--category", "Coffee", "--address", addresses.grpc).split()
    # Products that were bought equally often may come in any order.
    assert [learned[product] for product in answered] == counts["Coffee"]
    assert {PRODUCTS[product] for product in answered} == {"Coffee"}
