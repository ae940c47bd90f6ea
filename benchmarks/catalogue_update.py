"""How soon a changed catalogue is live, while a client searches without pause.

    python benchmarks/catalogue_update.py --root ROOT

ROOT is a run that pushed a search model; what counts of it is copied first, and its catalogue is changed in a thousand
places: products removed, renamed and added. A server serves the copy, a client sends one request after another, and
`shelfwise index` runs meanwhile. Prints the seconds from its start to the first answer of the new version, the failed
requests, and whether a removed product was answered by the new version.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.command_line import SearchRoot
from benchmarks.figures import print_figures
from benchmarks.pipeline_runs import config_of_run
from serving.client import ServingError, Shelfwise
from serving.server.background import server_process

CHANGED = 1_000
LIVE_TIMEOUT_SECONDS = 300.0


class Searcher(threading.Thread):
    """A client that searches for titles without pause."""

    def __init__(self, address: str, titles: list[str]) -> None:
        super().__init__(daemon=True)
        self._address, self._titles = address, titles
        self.requests = 0
        self.failures: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        """Searches until it is stopped."""
        with Shelfwise(self._address) as client:
            while not self.stopped.is_set():
                try:
                    client.search(self._titles[self.requests % len(self._titles)])
                except ServingError as error:
                    self.failures.append(str(error))
                self.requests += 1


def main(root: SearchRoot) -> None:
    """Changes the catalogue and prints what happened."""
    config = config_of_run(root)
    table = pq.read_table(config.tables.given()["products"][0].path)
    with tempfile.TemporaryDirectory() as temporary:
        copy = copy_run(root, Path(temporary) / "run")
        products = Path(temporary) / "products.parquet"
        changed, removed, added = change(table, CHANGED)
        pq.write_table(changed, products)
        titles = table["title"].to_pylist()[:: max(1, len(table) // 500)]
        with server_process("--models", str(copy / "serving")) as server, Shelfwise(server.grpc) as client:
            searcher = Searcher(server.grpc, titles)
            searcher.start()
            started = time.monotonic()
            command = [sys.executable, "-m", "tfx_pipeline", "index", "--root", str(copy), "--products", str(products)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds_of_command = time.monotonic() - started
            print(done.stdout.strip())
            if done.returncode:
                raise SystemExit(f"shelfwise index ended with {done.returncode}: {done.stderr.strip()}")
            live = wait_until(lambda: answers(client, added), started)
            still = [product_id for product_id, title in removed if product_id in found(client, title)]
            searcher.stopped.set()
            searcher.join()
    print(
        f"{len(table):,} products, {CHANGED:,} changed: live after {live:.1f} s (the command took "
        f"{seconds_of_command:.1f} s); {searcher.requests:,} requests meanwhile, {len(searcher.failures)} failed; "
        f"{len(still)} of {len(removed)} removed products answered"
    )
    print_figures(
        {
            "seconds": live,
            "command_seconds": seconds_of_command,
            "products": len(table),
            "requests": searcher.requests,
            "failed_requests": len(searcher.failures),
            "removed_products_answered": len(still),
        }
    )


def copy_run(root: Path, copy: Path) -> Path:
    """Copies what an update reads and a server serves."""
    for folder in ("serving/search", "artifacts/SearchExamples"):
        shutil.copytree(root / folder, copy / folder)
    shutil.copy(root / "summary.json", copy)
    return copy


def change(table: pa.Table, count: int) -> tuple[pa.Table, list[tuple[str, str]], tuple[str, str]]:
    """Returns the table with a third of `count` products removed, renamed and added each.

    Returns:
        The table, id and title of each removed product, and id and title of one that was added.
    """
    random = np.random.default_rng(0)
    third = count // 3
    rows = random.permutation(len(table))[: 2 * third]
    gone, renamed = set(rows[:third].tolist()), set(rows[third:].tolist())
    columns = table.to_pylist()
    kept = [
        {**row, "title": f"{row['title']} second edition"} if place in renamed else row
        for place, row in enumerate(columns)
        if place not in gone
    ]
    new = [
        {**columns[number], "product_id": f"new-{number}", "title": f"quixotic zanzibar novelty {number}"}
        for number in range(count - 2 * third)
    ]
    removed = [(columns[place]["product_id"], columns[place]["title"]) for place in sorted(gone)]
    return pa.Table.from_pylist(kept + new, schema=table.schema), removed, (new[0]["product_id"], new[0]["title"])


def found(client: Shelfwise, query: str) -> set[str]:
    """Returns the ids that answer a query."""
    return {answer.product_id for answer in client.search(query, k=20)}


def answers(client: Shelfwise, product: tuple[str, str]) -> bool:
    """Says whether a product is found by its title."""
    product_id, title = product
    return product_id in found(client, title)


def wait_until(condition: Callable[[], bool], started: float) -> float:
    """Returns the seconds since `started` at which the condition held."""
    while not condition():
        if time.monotonic() - started > LIVE_TIMEOUT_SECONDS:
            raise SystemExit(f"the new version was not live after {LIVE_TIMEOUT_SECONDS:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - started


if __name__ == "__main__":
    typer.run(main)
