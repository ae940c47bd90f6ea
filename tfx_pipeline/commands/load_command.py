"""`shelfwise load`: asks a server at a steady rate; nothing here loads TFX or a model."""

import json
from pathlib import Path

from components.errors import InputError
from serving.client import Shelfwise
from shelfwise_client.channel import Connection
from shelfwise_client.instances import InstanceReader
from shelfwise_client.open_loop import Load, LoadReport, run_load
from shelfwise_client.protocol.classes import PredictRequest
from tfx_pipeline.terminal.console import console, plain_table

# What is asked for where nothing is given: the work of a text model depends little on what a text says.
_SAMPLE_TEXT = "sample text"
_MOST_REQUESTS = 10_000_000


def load(
    address: str,
    model: str,
    signature: str,
    limits: Load,
    *,
    requests: Path | None,
    timeout_seconds: float,
    as_json: bool,
) -> bool:
    """Prints latencies and errors of a load test.

    Returns:
        Whether any request was answered.

    Raises:
        InputError: The model has no such signature, the requests do not fit it, or there would be too many.
        ServingError: The server does not say what the model's inputs are.
    """
    if limits.requests > _MOST_REQUESTS:
        raise InputError(f"expected at most {_MOST_REQUESTS:,} requests, got {limits.requests:,}: lower --seconds")
    with Shelfwise(address) as client:
        metadata = client.metadata(model)
    try:
        reader = InstanceReader(metadata, signature)
    except ValueError as error:
        raise InputError(str(error)) from error
    messages = _read_requests(reader, requests) if requests else [reader.request(_made_up(reader))]
    connection = Connection(address=address, timeout_seconds=timeout_seconds, retries=False)
    report = run_load(connection, messages, limits)
    if as_json:
        console.print_json(json.dumps(as_values(limits, report)))
        return report.answered > 0
    if requests is None:
        shown = json.dumps(_made_up(reader))
        console.print(f"every request is {shown}; --requests FILE sends real ones")
    print_report(limits, report)
    return report.answered > 0


def print_report(limits: Load, report: LoadReport) -> None:
    """Prints what came of a load test."""
    console.print(
        f"{limits.requests:,} requests at {limits.rate:g} a second: {report.answered:,} answered, "
        f"{report.rate:.1f} a second"
    )
    latencies = report.percentiles()
    table = plain_table("milliseconds", *latencies)
    table.add_row("until answered", *(f"{value:.2f}" for value in latencies.values()))
    table.add_row("until sent", *(f"{value:.2f}" for value in report.late_percentiles().values()))
    if latencies:
        console.print(table)
    for code, count in report.errors.items():
        console.print(f"{code:<20}{count:>10,} requests")
    if not report.errors:
        console.print("no errors")


def as_values(limits: Load, report: LoadReport) -> dict[str, object]:
    """Returns what came of a load test as JSON has it."""
    return {
        "requests": limits.requests,
        "rate": limits.rate,
        "answered": report.answered,
        "answered_rate": round(report.rate, 3),
        "milliseconds": {name: round(value, 3) for name, value in report.percentiles().items()},
        "late_milliseconds": {name: round(value, 3) for name, value in report.late_percentiles().items()},
        "errors": report.errors,
    }


def _made_up(reader: InstanceReader) -> dict[str, str]:
    """Returns an instance for a signature of one text; for others, one without anything in it."""
    return dict.fromkeys(reader.texts, _SAMPLE_TEXT) if len(reader.texts) == 1 else {}


def _read_requests(reader: InstanceReader, path: Path) -> list[PredictRequest]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--requests {path}: expected a file of JSON Lines: {error}") from error
    requests = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            instance = json.loads(line)
            if not isinstance(instance, dict):
                raise ValueError(f"expected inputs by name, got {line!r:.80}")
            requests.append(reader.request(instance))
        except ValueError as error:
            raise InputError(f"--requests {path}, line {number}: {error}") from error
    if not requests:
        raise InputError(f'--requests {path}: expected a line such as {{"query": "tea pot"}}, got none')
    return requests
