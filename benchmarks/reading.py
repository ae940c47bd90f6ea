"""What reading tables costs: beside a build before, and in memory for a file of a gigabyte.

    python benchmarks/reading.py --config runs/demo/demo.yaml --before ../before [--turns 5] [--memory]

The nodes `<Table>ExampleGen` and `<Table>StatisticsGen` of all tables of a configuration run in both builds in turns,
each in a process of its own that stays: `--before` is another checkout, with an interpreter in its `.venv`. The median
of the turns after the first counts. `--memory` reads events of 1 MB and of `--megabytes` as CSV, gzip and zip, each in
a process of its own, and compares their peaks.
"""

import contextlib
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import typer

from benchmarks.command_line import THIS_PYTHON
from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine

_HERE = Path(__file__).resolve().parents[1]
_PEER = _HERE / "benchmarks" / "peers" / "table_nodes.py"
_MEBIBYTE = 1 << 20
_ROWS_AT_ONCE = 10_000


class _Build:
    """A checkout whose nodes run when they are asked to."""

    def __init__(self, checkout: Path, python: str, config: Path) -> None:
        self._process = subprocess.Popen(
            [python, str(_PEER), str(config.resolve()), json.dumps({"checkout": str(checkout)})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("The process of a build has no pipes.")
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._answer()

    def seconds(self) -> dict[str, float]:
        """Runs the nodes once; returns the seconds of each."""
        print("run", file=self._questions, flush=True)
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("The process of a build ended; run benchmarks/peers/table_nodes.py to see why.")
        return json.loads(line)


def compare_builds(config: Path, before: Path, turns: int) -> tuple[float, float]:
    """Returns the seconds of all nodes together, of this build and of the one before: medians of the turns."""
    builds = [
        _Build(_HERE, THIS_PYTHON, config),
        _Build(before.resolve(), str(before.resolve() / ".venv" / "bin" / "python"), config),
    ]
    try:
        runs = [[build.seconds() for build in builds] for _ in range(turns + 1)][1:]
    finally:
        for build in builds:
            build.close()
    for node in runs[0][0]:
        ours, theirs = (float(np.median([turn[build][node] for turn in runs])) for build in (0, 1))
        print(f"{node:<28}{ours:8.2f} s now {theirs:8.2f} s before {ours / theirs:6.2f}", flush=True)
    now, then = (float(np.median([sum(turn[build].values()) for turn in runs])) for build in (0, 1))
    return now, then


def measure_memory(megabytes: int) -> dict[str, float]:
    """Returns the peak of reading a small CSV file, and how far those of large files lie above it, in MiB."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("small.csv", 1), ("large.csv", megabytes), ("large.csv.gz", megabytes)):
            _write_events(Path(folder) / name, size * 10**6)
            peaks[name] = _peak(Path(folder) / name)
        with zipfile.ZipFile(Path(folder) / "large.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(Path(folder) / "large.csv", "large.csv")
        peaks["large.zip"] = _peak(Path(folder) / "large.zip")
    for name, peak in peaks.items():
        print(f"{name:<28}{peak:8.0f} MiB at its peak", flush=True)
    small = peaks.pop("small.csv")
    return {"small_mib": small} | {f"{name.replace('.', '_')}_above_mib": peak - small for name, peak in peaks.items()}


def _peak(path: Path) -> float:
    """Reads a file in a process of its own; returns the peak of its memory in MiB."""
    done = subprocess.run(
        [THIS_PYTHON, __file__, "--peak-of", str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(_HERE)},
    )
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mib"])


def _read_events(path: Path) -> float:
    """Makes examples of a file as a run does; returns the peak of this process's memory in MiB."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts

    from components.artifacts import Quarantine
    from components.tables.contract import TableOptions
    from components.tables.example_gen import TableExampleGenExecutor
    from components.tables.sources import TableSource, sources_to_json
    from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS

    with tempfile.TemporaryDirectory() as folder:
        examples, quarantine = standard_artifacts.Examples(), Quarantine()
        examples.uri, quarantine.uri = f"{folder}/examples", f"{folder}/quarantine"
        context = BaseBeamExecutor.Context(
            beam_pipeline_args=list(LOCAL_BEAM_ARGS), tmp_dir=f"{folder}/tmp", unique_id="1"
        )
        properties = {
            "table": "events",
            "sources": sources_to_json([TableSource(path=str(path))]),
            "data": "",
            "digest": "",
            "user_id_key": "key",
            "options_json": TableOptions().model_dump_json(),
            "source_digest": "",
        }
        TableExampleGenExecutor(context).Do({}, {"examples": [examples], "quarantine": [quarantine]}, properties)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts KiB.


def _write_events(path: Path, size_bytes: int) -> None:
    with path.open("wb") as plain, contextlib.ExitStack() as packing:
        file: Any = plain
        if path.suffix == ".gz":
            file = packing.enter_context(gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=1))
        written = 0
        for text in _events():
            written += file.write(text.encode("ascii"))
            if written >= size_bytes:
                return


def _events() -> Iterator[str]:
    """Yields the lines of an events table without end, many at once."""
    yield "user_id,product_id,event_type,timestamp,basket_id,quantity,price\n"
    drawn = np.random.default_rng(0)
    while True:
        users, products, seconds, baskets = (
            drawn.integers(most, size=_ROWS_AT_ONCE) for most in (10**6, 10**5, 10**8, 10**7)
        )
        yield "".join(
            f"user-{user},product-{product},purchase,{1_600_000_000 + second},b{basket},1,{basket / 10**5:.2f}\n"
            for user, product, second, basket in zip(users, products, seconds, baskets, strict=True)
        )


def main(
    config: Annotated[Path | None, typer.Option(help="Configuration whose tables are read.")] = None,
    before: Annotated[Path | None, typer.Option(help="Checkout of the build before, with a .venv.")] = None,
    turns: Annotated[int, typer.Option(help="Turns of each build that count.")] = 5,
    memory: Annotated[bool, typer.Option("--memory", help="Measure memory too.")] = False,
    megabytes: Annotated[int, typer.Option(help="Size of the large file as CSV.")] = 1_000,
    peak_of: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Compares reading with the build before, and large files with a small one."""
    figures: dict[str, float | None] = {}
    if peak_of is not None:
        figures["peak_mib"] = _read_events(peak_of)
    else:
        print_machine("apache-beam", "pyarrow", "tfx")
    if config is not None and before is not None:
        now, then = compare_builds(config, before, turns)
        figures |= {"seconds": now, "seconds_before": then, "ratio": ratio(now, then)}
    if memory:
        figures |= measure_memory(megabytes)
    print_figures(figures)


if __name__ == "__main__":
    typer.run(main)
