"""The front door: requests reach the engine and its responses the client, byte for byte."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import pytest
import requests

from pilotlight_tools.local.engine import free_port
from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.front_door import FrontDoor, PortTakenError, open_port
from tests.conftest import until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HOST = "0a1b2c3d.execute-api.localhost:4566"


@dataclass
class Upstream:
    """An engine that keeps the bytes of each request, and responds with `response` and `chunks`."""

    response: bytes = OK
    chunks: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def header_lines(self) -> list[bytes]:
        """The header lines of the last request."""
        return self.heads[-1].split(b"\r\n")[1:]


@dataclass(frozen=True)
class Door:
    """A front door before an upstream, with the exchanges it reported."""

    url: str
    port: int
    upstream: Upstream
    exchanges: list[Exchange]
    notices: list[str]

    def raw(self, request: bytes) -> bytes:
        """Send these bytes, and return everything received until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    received += part
            return received

    def last(self) -> Exchange:
        """Return the last exchange, which may be reported shortly after the client has its response."""
        return until(lambda: self.exchanges, what="an exchange")[-1]


@pytest.fixture
def door() -> Iterator[Door]:
    with opened_door() as opened:
        yield opened


@pytest.fixture
def impatient() -> Iterator[Door]:
    """A door that waits for a client for a tenth of a second."""
    with opened_door(idle_seconds=0.1) as opened:
        yield opened


@contextlib.contextmanager
def opened_door(idle_seconds: float = 60.0) -> Iterator[Door]:
    upstream = Upstream()
    exchanges: list[Exchange] = []
    notices: list[str] = []
    with serving(upstream), open_port(0) as opened:
        origin = f"http://127.0.0.1:{upstream.port}"
        with FrontDoor(
            opened,
            origin=origin,
            host=HOST,
            stage="local",
            on_exchange=exchanges.append,
            notify=notices.append,
            idle_seconds=idle_seconds,
        ) as front_door:
            front_door.welcome = lambda: "<p>welcome"
            yield Door(front_door.url, front_door.port, upstream, exchanges, notices)


@contextlib.contextmanager
def serving(upstream: Upstream) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        upstream.port = listener.getsockname()[1]

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve_connection, args=(connection, upstream), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def serve_connection(connection: socket.socket, upstream: Upstream) -> None:
    with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
        while head := read_head(stream):
            length = next(
                (int(line[16:]) for line in head.split(b"\r\n") if line.lower()[:15] == b"content-length:"), 0
            )
            body = stream.read(length)
            while b"chunked" in head.lower() and (size := int(stream.readline(), 16)):
                body += stream.read(size)
                stream.readline()
            upstream.heads.append(head.rstrip(b"\r\n"))
            upstream.bodies.append(body)
            connection.sendall(upstream.response)
            for chunk in upstream.chunks:
                connection.sendall(chunk)
            if b"Connection: close" in upstream.response:
                return


def read_head(stream: BinaryIO) -> bytes:
    """Return a request's lines up to the empty line; nothing at the end of the stream."""
    head = b""
    while (line := stream.readline()) not in (b"", b"\r\n"):
        head += line
    return head


def get(path: str, *headers: bytes) -> bytes:
    lines = [b"GET " + path.encode() + b" HTTP/1.1", b"Host: localhost", *headers, b"Connection: close"]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "target",
    [
        "/hello",
        "/",
        "/a%2Fb//c%20d/",
        "/hello?a=1&a=2&b=%2F+%20&c",
        "/caf%C3%A9?x=%25",
        "/a;b=c/..;/d~'(*)!",
    ],
)
def test_target_is_forwarded_as_it_was_sent(door: Door, target: str) -> None:
    door.raw(get(target))
    assert door.upstream.heads[-1].split(b"\r\n")[0] == f"GET /local{target} HTTP/1.1".encode()
    assert door.last().target == target


def test_headers_are_forwarded_in_their_order_with_repetitions(door: Door) -> None:
    sent = [b"X-One: 1", b"x-one: 2", b"Cookie: a=1; b=2", "X-Word: caf\u00e9".encode(), b"Accept-Encoding: br"]
    door.raw(get("/hello", *sent))
    received = [line for line in door.upstream.header_lines if not line.startswith(b"Host:")]
    assert received == [b"X-One: 1", b"X-One: 2", *sent[2:]]


def test_host_is_the_one_that_api_gateway_knows(door: Door) -> None:
    door.raw(get("/hello"))
    assert [line for line in door.upstream.header_lines if line.lower().startswith(b"host:")] == [
        f"Host: {HOST}".encode()
    ]


def test_hop_by_hop_headers_end_here(door: Door) -> None:
    lines = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n\r\n"
    door.raw(lines)
    names = {line.split(b":")[0].lower() for line in door.upstream.header_lines}
    assert not names & {b"connection", b"x-mine", b"te"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS", "PROPFIND"])
def test_body_of_any_method_is_forwarded(door: Door, method: str) -> None:
    body = bytes(range(256))
    requests.request(method, f"{door.url}/hello", data=body, timeout=20)
    assert door.upstream.heads[-1].startswith(method.encode())
    assert door.upstream.bodies[-1] == body


def test_compressed_body_stays_compressed(door: Door) -> None:
    body = gzip.compress(b"hello" * 1000)
    requests.post(f"{door.url}/hello", data=body, headers={"Content-Encoding": "gzip"}, timeout=20)
    assert door.upstream.bodies[-1] == body


def test_chunked_body_is_forwarded(door: Door) -> None:
    requests.post(f"{door.url}/hello", data=iter([b"one", b"two"]), timeout=20)
    assert door.upstream.bodies[-1] == b"onetwo"


def test_client_that_waits_for_100_continue_gets_it(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    connection.putrequest("POST", "/hello")
    connection.putheader("Content-Length", "2")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    with contextlib.closing(connection):
        assert connection.sock.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(b"hi")
        assert connection.getresponse().read() == b"hi"
    assert door.upstream.bodies[-1] == b"hi"


def test_response_comes_back_with_nothing_added_and_nothing_lost(door: Door) -> None:
    head = b"HTTP/1.1 418 I'm a teapot\r\nset-cookie: a=1\r\nX-B: 2\r\nset-cookie: b=2\r\nContent-Length: 2"
    door.upstream.response = head + b"\r\n\r\nhi"
    received = door.raw(get("/hello"))
    assert received == head + b"\r\nConnection: close\r\n\r\nhi"


def test_compressed_response_is_passed_on_compressed(door: Door) -> None:
    body = gzip.compress(b"hello" * 1000)
    door.upstream.response = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    assert door.raw(get("/hello")).partition(b"\r\n\r\n")[2] == body
    assert requests.get(f"{door.url}/hello", timeout=20).text == "hello" * 1000


def test_head_keeps_the_length_and_sends_no_body(door: Door) -> None:
    door.upstream.response = b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nContent-Type: text/plain\r\n\r\n"
    response = requests.head(f"{door.url}/hello", timeout=20)
    assert (response.headers["Content-Length"], response.content) == ("1234", b"")


@pytest.mark.parametrize("status", [204, 304])
def test_responses_without_a_body_stay_so(door: Door, status: int) -> None:
    door.upstream.response = b"HTTP/1.1 %d Fine\r\nX-Request-Id: 7\r\n\r\n" % status
    received = door.raw(get("/hello"))
    assert received.split(b"\r\n")[0] == b"HTTP/1.1 %d Fine" % status
    assert received.endswith(b"\r\n\r\n")
    assert b"Content-Type" not in received


def test_redirect_is_the_clients_to_follow(door: Door) -> None:
    door.upstream.response = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/away\r\nContent-Length: 0\r\n\r\n"
    assert requests.get(f"{door.url}/hello", timeout=20, allow_redirects=False).status_code == 302
    assert len(door.upstream.heads) == 1


def test_large_response_arrives_whole(door: Door) -> None:
    body = bytes(range(256)) * 20_000
    door.upstream.response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    door.upstream.chunks = [body]
    assert requests.get(f"{door.url}/hello", timeout=20).content == body


def test_response_that_breaks_off_does_not_look_complete(door: Door) -> None:
    door.upstream.response = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nonly this"
    with pytest.raises(requests.RequestException):
        requests.get(f"{door.url}/hello", timeout=20)


def test_missing_engine_is_a_502_in_json() -> None:
    exchanges: list[Exchange] = []
    with open_port(0) as opened:
        origin = f"http://127.0.0.1:{free_port()}"
        with FrontDoor(opened, origin=origin, host=HOST, stage="local", on_exchange=exchanges.append) as front_door:
            response = requests.get(f"{front_door.url}/hello", timeout=20)
    assert response.status_code == 502
    assert "did not respond" in response.json()["message"]
    assert [(exchange.status, exchange.error_type) for exchange in exchanges] == [(502, "DEFAULT_5XX")]


def test_header_that_is_not_text_is_a_400(door: Door) -> None:
    head, _, body = door.raw(get("/hello", b"X-Bytes: \xff\xfe")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert "cannot be forwarded" in json.loads(body)["message"]
    assert door.upstream.heads == []


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n"])
def test_what_is_not_http_is_a_400_and_one_line(door: Door, noise: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert b" 400 " in door.raw(noise).split(b"\r\n")[0]
    [notice] = door.notices
    assert notice.startswith("API: refused a malformed request (")
    assert notice.isprintable()
    assert caplog.records == []


@pytest.mark.parametrize("host", [b"rebound.example:3000", b"127.0.0.1.example.com", b"192.168.1.7:3000", b""])
def test_a_foreign_host_is_refused_and_nothing_is_forwarded(door: Door, host: bytes) -> None:
    lines = b"POST /hello HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 2\r\n\r\nhi"
    head, _, body = door.raw(lines).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 ")
    assert "not a name of this machine" in json.loads(body)["message"]
    assert (door.upstream.heads, door.exchanges) == ([], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:3000", "[::1]:3000", "api.localhost:1"])
def test_each_name_of_this_machine_passes_with_any_port(door: Door, host: str) -> None:
    assert requests.get(f"{door.url}/hello", headers={"Host": host}, timeout=20).status_code == 200


def test_the_origin_of_a_page_is_the_apis_to_judge(door: Door) -> None:
    door.raw(get("/hello", b"Origin: https://shop.example", b"Sec-Fetch-Site: cross-site"))
    assert b"Origin: https://shop.example" in door.upstream.header_lines


def test_a_client_that_leaves_in_mid_upload_is_one_line_and_no_exchange(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as connection:
        connection.sendall(b"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhi")
    until(lambda: door.notices, what="the notice")
    assert door.notices == ["API: POST /up: the client left before its request was complete"]
    assert door.exchanges == []


def test_a_client_that_pauses_in_mid_upload_is_answered_with_408(impatient: Door) -> None:
    begun = b"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhi"
    assert impatient.raw(begun).startswith(b"HTTP/1.1 408 ")
    assert impatient.notices == ["API: POST /up: the client sent nothing for 0.1 s in the middle of its body"]
    assert [each.status for each in impatient.exchanges] == [408]


@pytest.mark.parametrize("begun", [b"", b"GET /hello HTTP/1.1\r\nHost: loc"])
def test_a_connection_without_a_whole_request_is_closed(impatient: Door, begun: bytes) -> None:
    assert impatient.raw(begun) == b""


def test_a_client_that_does_not_read_is_given_up(impatient: Door) -> None:
    body = bytes(64 * 1024 * 1024)  # more than the sockets between take
    impatient.upstream.response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    impatient.upstream.chunks = [body]
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=20) as connection:
        connection.sendall(get("/hello"))
        impatient.last()  # it is over, though nobody read the response


def test_exchange_has_the_request_the_response_and_their_times(door: Door) -> None:
    door.upstream.response = b"HTTP/1.1 201 Created\r\nX-Request-Id: 1234-5678\r\nContent-Length: 2\r\n\r\nhi"
    before = time.time()
    requests.post(f"{door.url}/items?x=1", data=b"hi", headers={"User-Agent": "me"}, timeout=20)
    exchange = door.last()
    assert (exchange.method, exchange.target, exchange.status) == ("POST", "/items?x=1", 201)
    assert (exchange.request_id, exchange.user_agent, exchange.client_ip) == ("1234-5678", "me", "127.0.0.1")
    assert before <= exchange.started_at <= exchange.ended_at <= time.time()
    assert exchange.milliseconds > 0


def test_what_the_engine_tells_of_a_response_is_for_the_front_door_alone(door: Door) -> None:
    """The last header is the engine's: a function may have sent one too."""
    head = b'HTTP/1.1 200 OK\r\nX-Pilotlight-Context: {"xrayTraceId": "made up"}\r\nX-Pilotlight-Context: '
    told = {"integration.requestId": "33ebbf12", "xrayTraceId": "1-6b0e1056-d9ff", "resourcePath": "/a/{b}"}
    door.upstream.response = head + json.dumps(told).encode() + b"\r\nContent-Length: 2\r\n\r\nhi"
    received = door.raw(get("/a/1"))
    exchange = door.last()
    assert b"pilotlight" not in received.lower()
    assert exchange.context == told
    assert (exchange.request_id, exchange.trace_id, exchange.error_type) == ("33ebbf12", "1-6b0e1056-d9ff", None)
    assert (exchange.response_bytes, exchange.protocol) == (2, "HTTP/1.1")


@pytest.mark.parametrize("header", [b"", b"X-Pilotlight-Context: no JSON\r\n", b"X-Pilotlight-Context: [1]\r\n"])
def test_a_request_has_a_trace_whatever_the_engine_tells(door: Door, header: bytes) -> None:
    door.upstream.response = b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 2\r\n\r\nhi"
    door.raw(get("/hello"))
    exchange = door.last()
    assert re.fullmatch(rf"1-{int(exchange.started_at):08x}-[0-9a-f]{{24}}", exchange.trace_id or "")
    assert exchange.request_id is None


def test_an_error_of_the_front_door_itself_has_a_type(door: Door, impatient: Door) -> None:
    """Gateway responses of API Gateway too have DEFAULT_4XX where no type says more."""
    door.raw(get("/hello", b"X-Bytes: \xff\xfe"))
    assert (door.last().status, door.last().error_type) == (400, "DEFAULT_4XX")
    impatient.raw(b"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhi")
    assert (impatient.last().status, impatient.last().error_type) == (408, "DEFAULT_4XX")


def test_taken_port_is_named_with_a_remedy(door: Door) -> None:
    with pytest.raises(PortTakenError, match=rf"port {door.port} .*PORT=0"):
        open_port(door.port)


def test_port_is_taken_as_soon_as_it_is_opened() -> None:
    with open_port(0) as opened, pytest.raises(PortTakenError):
        open_port(opened.getsockname()[1])


def test_closed_door_leaves_no_port_and_no_thread() -> None:
    before = set(threading.enumerate())
    with open_port(0) as opened, FrontDoor(opened, origin="http://127.0.0.1:9", host=HOST, stage="local") as front_door:
        port = front_door.port
        assert "front-door" in {thread.name for thread in set(threading.enumerate()) - before}
    open_port(port).close()
    assert "front-door" not in {thread.name for thread in set(threading.enumerate()) - before}


NOT_THERE = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
BROWSER = b"Accept: text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("request_bytes", "response", "welcomed"),
    [
        (get("/", BROWSER), NOT_THERE, True),
        (get("/"), NOT_THERE, False),
        (get("/orders", BROWSER), NOT_THERE, False),
        (get("/?a=1", BROWSER), NOT_THERE, False),
        (get("/", BROWSER).replace(b"GET", b"POST"), NOT_THERE, False),
        (get("/", BROWSER), OK, False),
        (get("/", BROWSER), OK.replace(b"200 OK", b"500 Internal Server Error"), False),
    ],
)
def test_a_browser_is_welcomed_at_the_bare_address_where_the_service_has_nothing(
    door: Door, request_bytes: bytes, response: bytes, welcomed: bool
) -> None:
    """The status stays the service's, and the request is one like any other."""
    door.upstream.response = response
    received = door.raw(request_bytes)
    assert received.split(b"\r\n")[0].split(b" ", 1)[1] == response.split(b"\r\n")[0].split(b" ", 1)[1]
    assert received.endswith(b"<p>welcome") is welcomed
    assert (b"text/html" in received) is welcomed
    assert door.last().status == int(response.split()[1])
