"""How many lines a minute of refusals takes."""

import json
import logging

import pytest

from serving.server.errors import invalid_argument
from serving.server.request_log import LOGGER, MOST_REFUSALS, LogRequests, RequestLog
from serving.server.requests.call import Call


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    # A server's command line that another test called has set these.
    monkeypatch.setattr(LOGGER, "propagate", True)
    monkeypatch.setattr(LOGGER, "handlers", [])
    caplog.set_level(logging.INFO, LOGGER.name)
    return caplog


def test_refusals_over_a_number_are_counted_and_not_written(logged: pytest.LogCaptureFixture) -> None:
    now = [1000.0]
    log = RequestLog(LogRequests.ALL, clock=lambda: now[0])
    call = Call(peer=lambda: "ipv4:192.0.2.1:5")

    def refuse() -> None:
        log.record("m", "Predict", call, 0.001, invalid_argument("no"), b"")

    for _ in range(MOST_REFUSALS + 40):
        refuse()
    log.record("m", "Predict", call, 0.001, None, b"")
    assert len(logged.records) == MOST_REFUSALS + 1
    now[0] += 61.0
    refuse()
    *_, left_out, line = [json.loads(record.getMessage()) for record in logged.records]
    assert left_out["refusals_without_a_line"] == 40
    assert (line["status"], line["peer"]) == ("INVALID_ARGUMENT", "ipv4:192.0.2.1:5")
