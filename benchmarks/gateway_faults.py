"""What is lost, and how long the right answers are away, when parts of a gateway are killed under load.

    python benchmarks/gateway_faults.py --root runs/demo --store redis

While 50 requests and 50 events a second come, the gateway, the store's Redis and the model server are killed by
SIGKILL in turn, and started again at once. A client that gets no answer to an event sends it again with its id. In the
end all events that were acknowledged are looked for in the log. `recovery_seconds` is the longest time from when a part
listens again to the next right answer; answers with what sells are no right ones.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its client.py and serving.py are not the packages.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures
from benchmarks.gateway_parts import Http, Part, gateway, model_server, redis
from benchmarks.machine import print_machine

CLIENTS, A_SECOND = 10, 50
# Between a part's coming back and the next kill.
QUIET_SECONDS = 5.0


class Load:
    """Clients that send events and ask, and what they saw.

    Attributes:
        acknowledged: Ids of the events that were answered by 202.
        right: When right answers came, in seconds of `time.monotonic`.
        counts: Answers by what they were.
    """

    def __init__(self, port: int) -> None:
        self._port, self._ends = port, False
        self.acknowledged: set[str] = set()
        self.right: list[float] = []
        self.counts: Counter[str] = Counter()

    def end(self) -> None:
        """Has the clients end."""
        self._ends = True

    async def run(self) -> None:
        """Sends until `end`, at a steady rate."""
        clients = [work(place) for place in range(CLIENTS) for work in (self._send, self._ask)]
        await asyncio.gather(*clients)

    async def _send(self, place: int) -> None:
        http, began, number = Http(self._port), time.monotonic(), 0
        while not self._ends:
            name = f"{place}-{number}"
            event = {"event_id": name, "user_id": f"user-{place}", "product_id": f"{number}", "event_type": "purchase"}
            while name not in self.acknowledged and not self._ends:
                try:
                    status, _, _ = await http.ask("POST", "/events", event)
                except ConnectionError:
                    status = 0
                self.counts[f"event {status or 'broken'}"] += 1
                if status == 202:
                    self.acknowledged.add(name)
                else:
                    await asyncio.sleep(0.05)
            number += 1
            await self._pace(began, number)
        http.close()

    async def _ask(self, place: int) -> None:
        http, began, number = Http(self._port), time.monotonic(), 0
        while not self._ends:
            try:
                status, headers, _ = await http.ask("GET", f"/users/user-{place}/recommendations")
            except ConnectionError:
                status, headers = 0, {}
            if status == 200 and "x-shelfwise-fallback" not in headers:
                self.right.append(time.monotonic())
            sold = " with what sells" if "x-shelfwise-fallback" in headers else ""
            self.counts[f"answer {status or 'broken'}{sold}"] += 1
            number += 1
            await self._pace(began, number)
        http.close()

    async def _pace(self, began: float, number: int) -> None:
        # What could not be sent while a part was away is not made up for all at once.
        await asyncio.sleep(min(max(began + number * CLIENTS / A_SECOND - time.monotonic(), 0.02), 1.0))


def main(
    root: Annotated[Path, typer.Option(help="Root of a run that pushed a recommendation model.")],
    store: Annotated[str, typer.Option(help="sqlite or redis.")] = "redis",
    seconds: Annotated[float, typer.Option(help="How long the load lasts at least.")] = 300.0,
) -> None:
    """Kills, counts, and prints what it comes to."""
    print_machine("fastapi", "uvicorn", "redis", "grpcio")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        parts = {"models": model_server(root, folder)}
        if store == "redis":
            parts["store"] = redis(folder)
        for part in parts.values():
            part.start()
            stack.callback(part.stop)
        port = parts["store"].port if "store" in parts else None
        parts["gateway"] = gateway(root, folder, parts["models"].port, port, "gateway.log_seconds=5")
        parts["gateway"].start()
        stack.callback(parts["gateway"].stop)
        load, recoveries = asyncio.run(killed(parts, seconds))
        # Stopped in peace, it writes what waits.
        parts["gateway"].stop()
        logged = Counter(
            name
            for file in sorted((folder / "log" / "events").glob("*/*.parquet"))
            for name in pq.read_table(file, columns=["event_id"], partitioning=None).column(0).to_pylist()
        )
    for what, count in sorted(load.counts.items()):
        print(f"{what:<32}{count:>8}")
    for name, found in recoveries.items():
        print(f"{name:<10} {len(found)} kills, right answers again after {max(found, default=0.0):.2f} s at the most")
    print_figures(
        {
            "acknowledged": len(load.acknowledged),
            "lost": len(load.acknowledged - set(logged)),
            "doubled": sum(count - 1 for count in logged.values()),
            "recovery_seconds": max(second for found in recoveries.values() for second in found),
            "kills": sum(map(len, recoveries.values())),
        }
    )


async def killed(parts: dict[str, Part], seconds: float) -> tuple[Load, dict[str, list[float]]]:
    """Kills each part in turn until the time is over; returns what clients saw, and the recoveries of each part."""
    load = Load(parts["gateway"].port)
    recoveries: dict[str, list[float]] = {name: [] for name in parts}
    end = time.monotonic() + seconds
    running = asyncio.create_task(load.run())
    while time.monotonic() < end or not all(recoveries.values()):
        for name, part in parts.items():
            await asyncio.sleep(QUIET_SECONDS)
            part.stop(signal.SIGKILL)
            await asyncio.to_thread(part.start)
            back = time.monotonic()
            while not load.right or load.right[-1] < back:
                await asyncio.sleep(0.01)
            first = next(at for at in load.right if at >= back)
            recoveries[name].append(first - back)
    load.end()
    await running
    return load, recoveries


if __name__ == "__main__":
    typer.run(main)
