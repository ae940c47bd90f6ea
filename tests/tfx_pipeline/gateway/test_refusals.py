"""Bad requests get one clear answer each, and the next good one is answered."""

import json
import socket
import time
from typing import Any

import pytest

from tests.tfx_pipeline.gateway.running import Running

EVENT = {"user_id": "u", "product_id": "P001", "event_type": "view"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({**EVENT, "user_id": ""}, "`user_id`: "),
        ({**EVENT, "product_id": "x" * 1000}, "`product_id`: "),
        ({"product_id": "P001", "event_type": "view"}, "`user_id`: field required"),
        ({**EVENT, "event_type": "veiw"}, "`event_type`: expected one of view, cart, purchase, got 'veiw'"),
        ({**EVENT, "timestamp": time.time() + 86_400}, "expected a time up to now"),
        ({**EVENT, "timestamp": "2999-01-01"}, "expected a time up to now"),
        ({**EVENT, "timestamp": "yesterday"}, "`timestamp"),
        ({**EVENT, "timestamp": -5}, "`timestamp"),
        ({**EVENT, "price": -1.0}, "`price`: "),
        ({**EVENT, "quantity": "many"}, "`quantity`: "),
        ({**EVENT, "quantty": 1}, "`quantty`: extra inputs are not permitted"),
        ({**EVENT, "user_id": "\ud800"}, ""),
        ({"events": []}, "`events`: "),
        ({"events": [EVENT] * 1001}, "`events`: "),
        ([EVENT], ""),
        ("view", ""),
        (None, ""),
    ],
)
def test_an_event_that_is_none(gateway: Running, event: Any, words: str) -> None:
    answer = gateway.http.post("/events", content=json.dumps(event), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert words in said["error"]
    assert len(said["error"]) < 600
    assert said["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/users/u/recommendations?k=0", 422),
        ("/users/u/recommendations?k=1001", 422),
        ("/users/u/recommendations?k=ten", 422),
        ("/users/u/recommendations?max_price=nan", 422),
        ("/users/u/recommendations?max_price=-1", 422),
        ("/users/u/recommendations?" + "&".join(f"exclude_ids={n}" for n in range(101)), 422),
        ("/together?" + "&".join(f"product_ids=P{n}" for n in range(11)), 422),
        ("/together", 422),
        ("/search", 422),
        ("/search?q=" + "x" * 1001, 422),
        ("/users//recommendations", 422),
        ("/users/" + "x" * 513 + "/recommendations", 422),
        ("/users/%ff/recommendations", 400),
        ("/search?q=%ff", 400),
        ("/products/gone", 404),
        ("/nothing", 404),
        ("/events", 405),
    ],
)
def test_a_question_that_is_none(gateway: Running, path: str, status: int) -> None:
    answer = gateway.http.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_a_hundred_thousand_products_in_a_request(gateway: Running) -> None:
    host, port = gateway.address.removeprefix("http://").split(":")
    query = "&".join(f"product_ids=P{number}" for number in range(100_000))
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET /together?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        said = connection.recv(1000)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert "at most 65536 bytes" in json.loads(said.partition(b"\r\n\r\n")[2])["error"]
    # Below that, the number of products is what is refused.
    some = gateway.http.get("/together?" + "&".join(f"product_ids=P{number}" for number in range(3000)))
    assert some.status_code == 422
    assert "`product_ids`: list should have at most 10 items" in some.json()["error"]
    sent = gateway.post("/events", {"events": [{**EVENT, "product_id": f"P{number}"} for number in range(100_000)]})
    assert sent.status_code == 413
    assert gateway.get("/health").status_code == 200


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [b"GET /health HTTP/1.1\r\n", *[b"x-%d: %b\r\n" % (n, b"y" * 900) for n in range(80)]], id="headers"
        ),
        pytest.param([b"GET /health HTTP/1.1\r\nx: ", *[b"y" * 1000] * 70], id="one header without an end"),
        pytest.param([b"GET /health HTTP/1.1\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n"], id="a whole head at once"),
        pytest.param([b"\r\n" * 500] * 70, id="empty lines"),
        pytest.param(
            [
                b"POST /events HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\n",
                *[b"x-%d: %b\r\n" % (n, b"y" * 900) for n in range(80)],
            ],
            id="headers after the body",
        ),
    ],
)
def test_a_head_has_a_largest_size_however_it_comes(gateway: Running, pieces: list[bytes]) -> None:
    host, port = gateway.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        said = connection.recv(1000)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert "at most 65536 bytes" in json.loads(said.partition(b"\r\n\r\n")[2])["error"]


def test_requests_of_one_connection_each_have_their_own_head(gateway: Running) -> None:
    headers = {"x-long": "y" * 60_000}
    for _ in range(3):
        assert gateway.http.get("/health", headers=headers).status_code == 200


def test_what_is_no_request_is_refused_in_the_same_form(gateway: Running) -> None:
    host, port = gateway.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 is no HTTP\r\n\r\n")
        said = connection.recv(1000)
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"] == "Expected a request of HTTP/1.1."


def test_bodies_have_a_largest_size_whatever_they_say(gateway: Running) -> None:
    many = {"events": [{**EVENT, "query": "x" * 500}] * 5000}
    assert gateway.post("/events", many).status_code == 413

    def pieces() -> Any:
        for _ in range(300):
            yield b" " * 10_000

    answer = gateway.http.post("/events", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_another_page_cannot_send_events_by_a_form(gateway: Running) -> None:
    answer = gateway.http.post("/events", content=json.dumps(EVENT), headers={"content-type": "text/plain"})
    assert answer.status_code in (415, 422)


def test_broken_json_is_said_to_be_that(gateway: Running) -> None:
    answer = gateway.http.post("/events", content=b'{"user_id": ', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "JSON" in answer.json()["error"]


def test_a_request_id_is_given_back_if_it_is_one(gateway: Running) -> None:
    for given, kept in [("abc-1.2:3_4", True), ("x" * 129, False), ("with space", False), ("", False)]:
        answer = gateway.http.get("/health", headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_idle_and_slow_connections_do_not_hold_others_up(gateway: Running) -> None:
    host, port = gateway.address.removeprefix("http://").split(":")
    head = b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    held = [socket.create_connection((host, int(port))) for _ in range(300)]
    try:
        for number, connection in enumerate(held):
            connection.sendall((b"", b"GET /health HT", head)[number % 3])
        began = time.monotonic()
        assert gateway.get("/health").status_code == 200
        assert time.monotonic() - began < 2.0
    finally:
        for connection in held:
            connection.close()
