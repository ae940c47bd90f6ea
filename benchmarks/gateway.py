"""What the gateway adds to an answer, how much of the throughput is left, and how soon an event is in an answer.

    python benchmarks/gateway.py --root runs/demo --store sqlite

Histories of the run's own users are sent to the gateway as events. Then `/users/{id}/recommendations` and the client's
own call by gRPC of the same history are asked in turns, by one client and by 16. At the end eight writers send 50
events a second together, while a reader sends an event and asks at once: each answer has to know the event.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its client.py and serving.py are not the packages.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures
from benchmarks.gateway_parts import Http, Part, gateway, model_server, redis
from benchmarks.machine import print_machine
from shelfwise_client import AsyncShelfwise

WARM_UP = 30
CLIENTS = 16
WRITERS, EVENTS_A_SECOND = 8, 50
# A user's events, so that the count in an answer stays below what is kept of one.
EVENTS_A_USER = 400
Histories = dict[str, tuple[list[str], list[str], list[float]]]


def main(
    root: Annotated[Path, typer.Option(help="Root of a run that pushed a recommendation model.")],
    store: Annotated[str, typer.Option(help="sqlite or redis.")] = "sqlite",
    events: Annotated[str, typer.Option(help="Events table, in Parquet; else data/events.parquet of the root.")] = "",
    requests: Annotated[int, typer.Option(help="Requests of one client.")] = 500,
    fresh: Annotated[int, typer.Option(help="Answers that are asked for after an event.")] = 10_000,
    seconds: Annotated[float, typer.Option(help="How long 16 clients ask, by each way.")] = 20.0,
) -> None:
    """Measures, and prints the differences."""
    print_machine("fastapi", "uvicorn", "redis", "grpcio")
    histories = histories_of(Path(events) if events else root / "data" / "events.parquet")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        server = started(stack, model_server(root, Path(scratch)))
        kept = started(stack, redis(Path(scratch))) if store == "redis" else None
        part = started(stack, gateway(root, Path(scratch), server.port, kept.port if kept else None))
        figures = asyncio.run(measured(part, server, histories, requests, fresh, seconds))
    print_figures(figures)


def started(stack: ExitStack, part: Part) -> Part:
    """Starts a process that ends with the stack."""
    part.start()
    stack.callback(part.stop)
    return part


def histories_of(file: Path, users: int = 50) -> Histories:
    """Returns products, types and times of the latest 512 events of some users."""
    table = pq.read_table(file, columns=["user_id", "product_id", "event_type", "timestamp"]).to_pandas()
    chosen = sorted(table["user_id"].unique())[:users]
    found: Histories = {}
    for user, rows in table[table["user_id"].isin(chosen)].sort_values("timestamp", kind="stable").groupby("user_id"):
        latest = rows.tail(512)
        found[str(user)] = (*(latest[name].tolist() for name in ("product_id", "event_type", "timestamp")),)
    return found


async def measured(
    part: Part, server: Part, histories: Histories, requests: int, fresh: int, seconds: float
) -> dict[str, float]:
    """Returns the figures."""
    http = Http(part.port)
    for user, (products, types, times) in histories.items():
        rows = [
            {"user_id": user, "product_id": product, "event_type": kind, "timestamp": at, "event_id": f"{user}-{place}"}
            for place, (product, kind, at) in enumerate(zip(products, types, times, strict=True))
        ]
        answered((await http.ask("POST", "/events", {"events": rows}))[0] == 202)
    async with AsyncShelfwise(f"127.0.0.1:{server.port}", timeout_seconds=60.0) as client:
        users = list(histories)

        async def by_grpc(number: int) -> None:
            products, types, times = histories[users[number % len(users)]]
            now = time.time()
            await client.recommend(products, types, [now - at for at in times])

        async def by_http(number: int, connection: Http = http) -> None:
            status, headers, _ = await connection.ask("GET", f"/users/{users[number % len(users)]}/recommendations")
            answered(status == 200 and "x-shelfwise-fallback" not in headers)

        one: dict[str, list[float]] = {"gRPC": [], "gateway": []}
        for number in range(WARM_UP + requests):
            for name, ask in (("gRPC", by_grpc), ("gateway", by_http)):
                began = time.perf_counter()
                await ask(number)
                one[name].append(time.perf_counter() - began)
        p50 = {name: float(np.median(taken[WARM_UP:]) * 1e3) for name, taken in one.items()}
        print(f"one client, p50: gRPC {p50['gRPC']:.2f} ms, gateway {p50['gateway']:.2f} ms")
        connections = [Http(part.port) for _ in range(CLIENTS)]
        # In turns, twice each: what else the machine does falls on both.
        rates = {"gRPC": 0.0, "gateway": 0.0}
        processor = {"gRPC": 0.0, "gateway": 0.0}
        for _ in range(2):
            # A client of gRPC is the shop's own process, as this one; of the gateway it is the gateway.
            before = time.process_time()
            rate = await throughput(lambda _, number: by_grpc(number), seconds / 2)
            rates["gRPC"] += rate / 2
            processor["gRPC"] += (time.process_time() - before) / rate / seconds * 1e3
            before = part.processor_seconds()
            rate = await throughput(lambda place, number: by_http(number, connections[place]), seconds / 2)
            rates["gateway"] += rate / 2
            processor["gateway"] += (part.processor_seconds() - before) / rate / seconds * 1e3
        print(f"{CLIENTS} clients: gRPC {rates['gRPC']:.0f}/s, gateway {rates['gateway']:.0f}/s")
        print(f"processor, ms a request: client of gRPC {processor['gRPC']:.2f}, gateway {processor['gateway']:.2f}")
    taken = await freshness(part, histories, fresh)
    print(f"an answer beside {EVENTS_A_SECOND} events a second: p50 {np.median(taken) * 1e3:.1f} ms")
    return {
        "extra_ms_p50": p50["gateway"] - p50["gRPC"],
        "throughput_ratio": rates["gateway"] / rates["gRPC"],
        "gateway_processor_ms": processor["gateway"],
        "extra_processor_ms": processor["gateway"] - processor["gRPC"],
        "fresh_p50_ms": float(np.median(taken) * 1e3),
        "fresh_p99_ms": float(np.percentile(taken, 99) * 1e3),
        "fresh_answers": len(taken),
    }


async def throughput(ask: Callable[[int, int], Awaitable[None]], seconds: float) -> float:
    """Returns the answers a second that some clients get, each asking again at once."""
    end = time.perf_counter() + seconds
    counts = [0] * CLIENTS

    async def client(place: int) -> None:
        while time.perf_counter() < end:
            await ask(place, place + counts[place] * CLIENTS)
            counts[place] += 1

    began = time.perf_counter()
    await asyncio.gather(*(client(place) for place in range(CLIENTS)))
    return sum(counts) / (time.perf_counter() - began)


async def freshness(part: Part, histories: Histories, answers: int) -> list[float]:
    """Returns the seconds of answers that were asked for right after an event; each of them knows the event."""
    products = [product for each in histories.values() for product in each[0]]
    done = asyncio.Event()

    async def write(place: int) -> None:
        http, number = Http(part.port), 0
        began = time.perf_counter()
        while not done.is_set():
            await http.ask("POST", "/events", event(f"writer-{place}", products[number % len(products)]))
            number += 1
            await asyncio.sleep(max(began + number * WRITERS / EVENTS_A_SECOND - time.perf_counter(), 0.0))

    async def read() -> list[float]:
        http, taken = Http(part.port), []
        for number in range(answers):
            user = f"reader-{number // EVENTS_A_USER}"
            status, _, _ = await http.ask("POST", "/events", event(user, products[number % len(products)]))
            answered(status == 202)
            began = time.perf_counter()
            status, _, answer = await http.ask("GET", f"/users/{user}/recommendations")
            taken.append(time.perf_counter() - began)
            answered(status == 200 and answer["events"] == number % EVENTS_A_USER + 1)
        return taken

    writing = [asyncio.create_task(write(place)) for place in range(WRITERS)]
    taken = await read()
    done.set()
    await asyncio.gather(*writing)
    return taken


def answered(right: bool) -> None:
    """Raises RuntimeError where an answer was not the right one, of which figures would say nothing."""
    if not right:
        raise RuntimeError("The gateway did not answer, or did not know an event that it had taken.")


def event(user: str, product: str) -> dict[str, str]:
    """Returns an event of now."""
    return {"user_id": user, "product_id": product, "event_type": "purchase"}


if __name__ == "__main__":
    typer.run(main)
