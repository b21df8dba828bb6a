"""What the guards let pass: nothing that comes from a web page which has no business here."""

from __future__ import annotations

import socket

import pytest
import requests

from pilotlight_tools.local.guard.rules import is_this_address, refusal, refusal_of_host, refusal_of_page
from tests.conftest import Deployed

HOST = (b"host", b"127.0.0.1:4566")


@pytest.mark.parametrize(
    "headers",
    [
        [HOST],
        [(b"host", b"localhost:4566")],
        [(b"host", b"0a1b2c.execute-api.localhost:4566")],
        [(b"host", b"[::1]:4566")],
    ],
)
def test_programs_pass(headers: list[tuple[bytes, bytes]]) -> None:
    assert refusal(headers, 4566) is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([HOST, (b"origin", b"http://127.0.0.1:8000")], "a web page of http://127.0.0.1:8000"),
        ([HOST, (b"origin", b"null")], "a web page of null"),
        ([HOST, (b"origin", b"http://127.0.0.1:4566")], "a web page"),
        *(
            ([HOST, (b"sec-fetch-site", site)], f"a browser (Sec-Fetch-Site: {site.decode()})")
            for site in (b"cross-site", b"same-site", b"same-origin", b"none")
        ),
        ([(b"host", b"rebound.example.com:4566")], "its Host is rebound.example.com:4566"),
        ([(b"host", b"127.0.0.1.example.com")], "which is not this address"),
        ([(b"host", b"169.254.169.254")], "which is not this address"),
        ([HOST, HOST], "its Host is"),
        ([], "its Host is missing"),
    ],
)
def test_what_comes_from_a_web_page_is_refused(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    refused = refusal(headers, 4566)
    assert refused is not None
    assert reason in refused


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":4566",
        "localhost",
        "127.0.0.1:4567",
        "localhost.example.com:4566",
        "evil-localhost:4566",
        "127.0.0.2:1:4566",
    ],
)
def test_a_host_that_only_looks_like_this_engine_is_foreign(host: str) -> None:
    assert not is_this_address(host, 4566)


PAGE = (b"host", b"127.0.0.1:3001")


@pytest.mark.parametrize(
    "headers",
    [
        [PAGE],
        [(b"host", b"localhost:8080")],
        [PAGE, (b"sec-fetch-site", b"none")],
        [PAGE, (b"sec-fetch-site", b"same-origin")],
        [PAGE, (b"sec-fetch-site", b"same-origin"), (b"origin", b"http://127.0.0.1:3001")],
        [PAGE, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")],
    ],
)
def test_the_page_is_for_itself_and_for_whoever_opens_it(headers: list[tuple[bytes, bytes]]) -> None:
    assert refusal_of_page(headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", b"rebound.example:3001")],
        [PAGE, (b"origin", b"http://127.0.0.1:8000")],
        [PAGE, (b"origin", b"null")],
        [PAGE, (b"sec-fetch-site", b"same-site")],
        [PAGE, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"no-cors"), (b"sec-fetch-dest", b"image")],
        [PAGE, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"iframe")],
    ],
)
def test_the_page_is_for_no_other_page(headers: list[tuple[bytes, bytes]]) -> None:
    assert refusal_of_page(headers) is not None


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1@evil.example", "localhost.evil.example", "127.0.0.1\u0660", "evil.example:127", "0.0.0.0", "::1"],
)
def test_a_host_that_only_looks_like_this_machine_is_foreign(host: str) -> None:
    assert refusal_of_host([(b"host", host.encode())]) is not None


@pytest.mark.end_to_end
@pytest.mark.xdist_group("stack")
class TestEngine:
    """The deployed service's engine, asked directly."""

    def test_a_refusal_says_why_and_where_to_ask(self, deployed: Deployed) -> None:
        response = requests.get(
            f"{deployed.service.stage.api_url}/hello", headers={"Origin": "http://evil.example"}, timeout=20
        )
        assert (response.status_code, response.headers["Content-Type"]) == (403, "application/json")
        assert "a web page of http://evil.example" in response.json()["message"]
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_a_name_that_was_rebound_to_this_machine_is_refused(self, deployed: Deployed) -> None:
        engine = deployed.service.stage.engine
        request = f"GET /_ministack/health HTTP/1.1\r\nHost: rebound.example:{engine.port}\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", engine.port), timeout=20) as connection:
            connection.sendall(request.encode())
            assert connection.makefile("rb").readline().split()[1] == b"403"

    def test_a_web_socket_of_a_page_is_refused(self, deployed: Deployed) -> None:
        engine = deployed.service.stage.engine
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        headers = {**upgrade, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": "http://evil.example"}
        assert requests.get(f"{engine.url}/", headers=headers, timeout=20).status_code == 403

    def test_the_front_door_passes_a_pages_origin_on(self, deployed: Deployed) -> None:
        """The routes decide about other origins, as on AWS; a wrong secret of the client's does not replace ours."""
        headers = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site", "X-Pilotlight-Engine": "guessed"}
        response = requests.get(deployed.url("/hello"), headers=headers, timeout=20)
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "*")

    def test_a_function_sees_the_origin_and_not_the_secret(self, deployed: Deployed) -> None:
        response = requests.get(deployed.url("/headers"), headers={"Origin": "https://shop.example"}, timeout=20)
        seen = {name.lower(): value for name, value in response.json()["headers"].items()}
        assert seen["origin"] == "https://shop.example"
        assert "x-pilotlight-engine" not in seen
        assert deployed.service.stage.engine.secret not in response.text
