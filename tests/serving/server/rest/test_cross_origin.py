"""What a browser is told that asks for a web page of another origin; http_server.cc says what TF Serving answers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.server.background import server_thread
from serving.server.options import read_options
from serving.server.ready_file import ServerAddresses
from serving.server.requests.limits import Limits
from serving.server.settings import ServerSettings
from tests.serving.server.http_client import HTTP
from tests.serving.server.tiny_models import write_version

PAGE = {"Origin": "https://shop.example"}
ALLOWED = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}
PREDICT = "/v1/models/adder:predict"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_version(folder / "adder", 1, 1.0)
    return folder


@pytest.fixture(scope="module")
def opened(models: Path) -> Iterator[ServerAddresses]:
    settings = ServerSettings(port=0, rest_port=0, rest_cors=True, limits=Limits(message_bytes=1000))
    with server_thread(models, settings) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def closed(models: Path) -> Iterator[ServerAddresses]:
    with server_thread(models, ServerSettings(port=0, rest_port=0)) as addresses:
        yield addresses


def ask(
    server: ServerAddresses, method: str, path: str, headers: dict[str, str], body: object = None
) -> httpx.Response:
    return HTTP.request(method, f"http://{server.rest}{path}", headers=headers, json=body)


def allowed(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


def preflight(server: ServerAddresses, headers: dict[str, str], path: str = PREDICT) -> httpx.Response:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    return ask(server, "OPTIONS", path, {**asked, **headers})


def test_a_preflight_lets_a_page_ask_and_read(opened: ServerAddresses) -> None:
    first = preflight(opened, PAGE)
    assert (first.status_code, first.content, allowed(first)) == (200, b"", ALLOWED)
    then = ask(opened, "POST", PREDICT, PAGE, {"instances": [{"x": [1.0, 2.0], "name": "n"}]})
    assert (then.status_code, allowed(then)) == (200, ALLOWED)
    assert then.json()["predictions"][0]["sum"] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/models/adder", None, 200),
        ("POST", PREDICT, {"instances": ["no number"]}, 400),
        ("POST", "/v1/models/nobody:predict", {"instances": [1.0]}, 404),
        ("POST", PREDICT, {"instances": [1.0] * 1000}, 413),
        ("DELETE", PREDICT, None, 400),
        ("GET", "/V1/foo", None, 400),
    ],
)
def test_a_page_may_read_why_it_was_refused(
    opened: ServerAddresses, closed: ServerAddresses, method: str, path: str, body: object, status: int
) -> None:
    response = ask(opened, method, path, PAGE, body)
    assert (response.status_code, allowed(response)) == (status, ALLOWED)
    assert allowed(ask(closed, method, path, PAGE, body)) == {}


@pytest.mark.parametrize("headers", [{}, {"Origin": "null"}, {"Origin": "file://"}])
def test_a_preflight_of_no_page_is_refused(opened: ServerAddresses, headers: dict[str, str]) -> None:
    response = preflight(opened, headers)
    assert (response.status_code, allowed(response)) == (400, ALLOWED)
    assert response.json() == {"error": "Origin header is missing in CORS preflight"}


def test_without_the_option_a_preflight_allows_nothing(closed: ServerAddresses) -> None:
    response = preflight(closed, PAGE)
    assert (response.status_code, response.content, allowed(response)) == (200, b"", {})
    assert preflight(closed, {}).status_code == 400


@pytest.mark.parametrize("path", ["/monitoring/prometheus/metrics", "/index.html"])
def test_only_models_are_open_to_pages(opened: ServerAddresses, path: str) -> None:
    assert allowed(ask(opened, "GET", path, PAGE)) == {}


@pytest.mark.parametrize("headers", [PAGE, {}])
def test_a_preflight_is_counted_without_a_model(opened: ServerAddresses, headers: dict[str, str]) -> None:
    status = "OK" if headers else "FAILED_PRECONDITION"

    def count() -> float:
        page = ask(opened, "GET", "/monitoring/prometheus/metrics", {}).text
        lines = [line for line in page.splitlines() if 'model_name=""' in line and f'status="{status}"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if "request_count" in line)

    before = count()
    preflight(opened, headers)
    assert count() == before + 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], False),
        (["--rest_api_enable_cors_support"], True),
        (["--rest-api-enable-cors-support=true"], True),
        (["--rest_api_enable_cors_support=false"], False),
    ],
)
def test_the_option_is_spelt_as_in_tf_serving(tmp_path: Path, given: list[str], expected: bool) -> None:
    assert read_options(given, models=tmp_path).settings.rest_cors is expected
